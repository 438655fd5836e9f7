package tensorlink.jobs.worker;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.ledger.Account;
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
    private static final String SUFFIX = ".voucher";

    private final Path folder;
    private final Account payee;
    private final Domain domain;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Account, Signed<Voucher>> best = new HashMap<>();

    private Earnings(Path folder, Account payee, Domain domain) {
        this.folder = folder;
        this.payee = payee;
        this.domain = domain;
    }

    /** Opens the folder, which is created when missing, and reads the vouchers in it. */
    static Earnings open(Path folder, Account payee, Domain domain) throws IOException {
        Files.createDirectories(folder);
        var earnings = new Earnings(folder, payee, domain);
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
     * @throws IllegalArgumentException when it is for another payee, or its payer did not sign it
     */
    void accept(Signed<Voucher> voucher) throws IOException {
        var message = voucher.message();
        if (!message.payee().equals(payee)) {
            throw new IllegalArgumentException("voucher for " + message.payee());
        }
        if (!voucher.isAuthentic(domain)) {
            throw new IllegalArgumentException("voucher not signed by " + message.payer());
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

    /** The vouchers held, one per payer. */
    List<Signed<Voucher>> vouchers() {
        lock.lock();
        try {
            return new ArrayList<>(best.values());
        } finally {
            lock.unlock();
        }
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
