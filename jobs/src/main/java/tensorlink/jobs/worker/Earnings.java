package tensorlink.jobs.worker;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Domain;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;

/**
 * The best voucher that each payer has given this worker, on disk before it counts.
 *
 * <p>Vouchers are cumulative, so the best one is all there is to keep. Safe for use by any thread.
 */
final class Earnings {
    /** What can no longer be redeemed when this has passed is no payment. */
    static final Duration LIFETIME_MIN = Duration.ofDays(1);

    private static final String SUFFIX = ".voucher";

    private final Path folder;
    private final Account payee;
    private final Domain domain;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Account, Signed<Voucher>> best = new HashMap<>();
    private final Map<Account, Amount> redeemed = new HashMap<>();

    private Earnings(Path folder, Account payee, Domain domain, InstantSource clock) {
        this.folder = folder;
        this.payee = payee;
        this.domain = domain;
        this.clock = clock;
    }

    /** Opens the folder, which is created when missing, and reads the vouchers in it. */
    static Earnings open(Path folder, Account payee, Domain domain, InstantSource clock)
            throws IOException {
        Files.createDirectories(folder);
        var earnings = new Earnings(folder, payee, domain, clock);
        try (var files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (var file : files) {
                earnings.read(file);
            }
        }
        return earnings;
    }

    /**
     * Keeps {@code voucher} if it is better than what its payer gave before.
     *
     * @throws JobException when it is for another payee, its payer did not sign it, or it ends soon
     */
    void accept(Signed<Voucher> voucher) throws IOException {
        var message = voucher.message();
        if (!message.payee().equals(payee)) {
            throw refused("it is for " + message.payee() + ", not for " + payee);
        }
        if (!voucher.isAuthentic(domain)) {
            throw refused("it is not signed by its payer " + message.payer());
        }
        if (message.expiry().isBefore(clock.instant().plus(LIFETIME_MIN))) {
            throw refused("it ends at " + message.expiry() + ", it must hold for " + LIFETIME_MIN);
        }
        lock.lock();
        try {
            var known = best.get(message.payer());
            if (known == null || message.cumulative().isMoreThan(known.message().cumulative())) {
                write(voucher);
                best.put(message.payer(), voucher);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The best voucher of {@code payer}, if it has given one that is not redeemed yet. */
    Optional<Signed<Voucher>> outstanding(Account payer) {
        lock.lock();
        try {
            return Optional.ofNullable(best.get(payer)).filter(this::isOutstanding);
        } finally {
            lock.unlock();
        }
    }

    /** The best voucher of {@code payer}, if it has given one. */
    Optional<Signed<Voucher>> best(Account payer) {
        lock.lock();
        try {
            return Optional.ofNullable(best.get(payer));
        } finally {
            lock.unlock();
        }
    }

    /** The vouchers that are not redeemed yet, one per payer; after a restart all are. */
    List<Signed<Voucher>> outstanding() {
        lock.lock();
        try {
            return best.values().stream().filter(this::isOutstanding).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Notes that the ledger has paid {@code voucher}. */
    void redeemed(Signed<Voucher> voucher) {
        lock.lock();
        try {
            redeemed.put(voucher.message().payer(), voucher.message().cumulative());
        } finally {
            lock.unlock();
        }
    }

    private boolean isOutstanding(Signed<Voucher> voucher) {
        var paid = redeemed.getOrDefault(voucher.message().payer(), Amount.ZERO);
        return voucher.message().cumulative().isMoreThan(paid);
    }

    private static JobException refused(String why) {
        return new JobException(
                ProblemCode.PAYMENT,
                "a voucher is not accepted",
                why,
                "pay the worker named in the agreement");
    }

    private void read(Path file) throws IOException {
        try {
            var voucher =
                    Signed.decode(ByteString.copyFrom(Files.readAllBytes(file)), Voucher::decode);
            best.put(voucher.message().payer(), voucher);
        } catch (LedgerFormatException damaged) {
            throw new IOException(file + " is damaged: " + damaged.getMessage(), damaged);
        }
    }

    private void write(Signed<Voucher> voucher) throws IOException {
        var file = folder.resolve(voucher.message().payer() + SUFFIX);
        var draft = folder.resolve(file.getFileName() + ".new");
        Files.write(draft, voucher.encode().toByteArray());
        try (var channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
