package tensorlink.jobs.validator;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.ledger.Domain;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;

/**
 * The best receipt that each worker of a job has given: what validators reckon rewards by. Those of
 * others, or not signed, are passed over. Safe for use by any thread.
 *
 * <p>They are kept in a file, a line in Base64 for each that was better than the one before, so
 * that a validator that was stopped, in whatever way, has them when it is started again. A last
 * line that is cut short is dropped. Nothing is forced to disk: receipts are cumulative, and what a
 * power cut takes is in the next one.
 */
final class Receipts implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Receipts.class);

    /** The file is written anew, with the best ones only, when it has grown so large. */
    static final int BYTES_MAX = 1 << 16;

    private final JobId job;
    private final Domain domain;
    private final Set<Account> payees = new HashSet<>();
    private final Path file;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Account, Signed<UsageReceipt>> best = new HashMap<>();
    private FileChannel channel;

    private Receipts(
            Path file,
            JobId job,
            Domain domain,
            List<SignedAgreement> agreements,
            FileChannel channel) {
        this.file = file;
        this.job = job;
        this.domain = domain;
        this.channel = channel;
        agreements.forEach(agreement -> payees.add(agreement.agreement().payee()));
    }

    /**
     * The receipts of a job, with those that {@code file} has of it.
     *
     * @throws IOException when the file cannot be read, or is damaged before its last line
     */
    static Receipts open(Path file, JobId job, Domain domain, List<SignedAgreement> agreements)
            throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var parsed = parse(file);
        var channel = channel(file, parsed.length());
        var receipts = new Receipts(file, job, domain, agreements, channel);
        for (var receipt : parsed.receipts()) {
            if (receipts.isBetter(receipt)) {
                receipts.best.put(receipt.message().payee(), receipt);
            }
        }
        return receipts;
    }

    /**
     * The best receipts of a job that {@code file} has; none where there is no such file.
     *
     * @throws IOException when it cannot be read, or is damaged before its last line
     */
    static List<Signed<UsageReceipt>> read(Path file, JobId job, Domain domain) throws IOException {
        var best = new HashMap<Account, Signed<UsageReceipt>>();
        for (var receipt : parse(file).receipts()) {
            var message = receipt.message();
            if (message.jobId().equals(job.word()) && receipt.isAuthentic(domain)) {
                best.merge(message.payee(), receipt, Receipts::better);
            }
        }
        return List.copyOf(best.values());
    }

    private static Signed<UsageReceipt> better(
            Signed<UsageReceipt> one, Signed<UsageReceipt> other) {
        return other.message().units() > one.message().units() ? other : one;
    }

    private record Parsed(List<Signed<UsageReceipt>> receipts, long length) {}

    private static Parsed parse(Path file) throws IOException {
        if (!Files.exists(file)) {
            return new Parsed(List.of(), 0);
        }
        if (Files.size(file) > 2L * BYTES_MAX) {
            throw new IOException(file + ": more than " + 2L * BYTES_MAX + " bytes");
        }
        var text = Files.readString(file, StandardCharsets.ISO_8859_1);
        var receipts = new ArrayList<Signed<UsageReceipt>>();
        int at = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
            try {
                var bytes = Base64.getDecoder().decode(text.substring(at, end));
                receipts.add(Signed.decode(ByteString.copyFrom(bytes), UsageReceipt::decode));
            } catch (LedgerFormatException | IllegalArgumentException damaged) {
                throw new IOException(
                        file
                                + ": line "
                                + (receipts.size() + 1)
                                + " is damaged: "
                                + damaged.getMessage(),
                        damaged);
            }
            at = end + 1;
        }
        return new Parsed(List.copyOf(receipts), at);
    }

    private static FileChannel channel(Path file, long length) throws IOException {
        var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel.truncate(length);
        channel.position(length);
        return channel;
    }

    void add(Signed<UsageReceipt> receipt) {
        lock.lock();
        try {
            if (isBetter(receipt)) {
                best.put(receipt.message().payee(), receipt);
                write(receipt);
            }
        } catch (IOException unwritten) {
            log.error("job {}: a receipt is in memory only", job, unwritten);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Signatures cost half a millisecond, so only those that matter are checked. */
    private boolean isBetter(Signed<UsageReceipt> receipt) {
        var message = receipt.message();
        if (!message.jobId().equals(job.word()) || !payees.contains(message.payee())) {
            return false;
        }
        var known = best.get(message.payee());
        return (known == null || message.units() > known.message().units())
                && receipt.isAuthentic(domain);
    }

    private void write(Signed<UsageReceipt> receipt) throws IOException, InterruptedException {
        if (!channel.isOpen()) {
            return; // the job is over: the best is known, and nobody watches any more
        }
        var line = line(receipt);
        if (channel.position() + line.length() > BYTES_MAX) {
            var all = best.values().stream().map(Receipts::line).collect(Collectors.joining());
            AtomicFile.write(file, all.getBytes(StandardCharsets.US_ASCII));
            channel.close();
            channel = channel(file, all.length());
            return;
        }
        var bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static String line(Signed<UsageReceipt> receipt) {
        return Base64.getEncoder().encodeToString(receipt.encode().toByteArray()) + "\n";
    }

    List<Signed<UsageReceipt>> all() {
        lock.lock();
        try {
            return List.copyOf(best.values());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            channel.close();
        } catch (IOException unwritten) {
            log.error("job {}: its receipts cannot be closed", job, unwritten);
        } finally {
            lock.unlock();
        }
    }
}
