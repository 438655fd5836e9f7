package tensorlink.jobs.user;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;

/**
 * What a user has promised to each worker since the beginning, over all its jobs, and in each job
 * that a later process may go on with. A promise is on disk before it is given. Safe for use by any
 * thread.
 */
public final class Purse {
    private final Path file;
    private final ReentrantLock lock = new ReentrantLock();
    private Map<String, Amount> promised = Map.of();

    /** By job and worker. */
    private Map<String, Amount> inJobs = Map.of();

    private Purse(Path file) {
        this.file = file;
    }

    /** Opens the purse kept in {@code file}, an empty one when there is no such file. */
    public static Purse open(Path file) throws IOException {
        var purse = new Purse(file);
        if (Files.exists(file)) {
            var all = new TreeMap<String, Amount>();
            var jobs = new TreeMap<String, Amount>();
            int number = 0;
            for (var line : Files.readAllLines(file)) {
                number++;
                var fields = line.split("\t", -1);
                try {
                    var payee = Account.parse(fields[0]);
                    var amount = Amount.parse(fields[1]);
                    if (fields.length == 2) {
                        all.put(payee.toString(), amount);
                    } else {
                        jobs.put(key(JobId.parse(fields[2]), payee), amount);
                    }
                } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException damaged) {
                    throw new IOException(file + ": line " + number + " is damaged", damaged);
                }
            }
            purse.promised = Map.copyOf(all);
            purse.inJobs = Map.copyOf(jobs);
        }
        return purse;
    }

    /** What {@code payee} has been promised in all. */
    public Amount promised(Account payee) {
        lock.lock();
        try {
            return promised.getOrDefault(payee.toString(), Amount.ZERO);
        } finally {
            lock.unlock();
        }
    }

    /** What {@code payee} has been promised in a job that is kept; nothing in one that is not. */
    Amount promised(JobId job, Account payee) {
        lock.lock();
        try {
            return inJobs.getOrDefault(key(job, payee), Amount.ZERO);
        } finally {
            lock.unlock();
        }
    }

    private static String key(JobId job, Account payee) {
        return job.hex() + "\t" + payee;
    }

    /**
     * Promises {@code more} to {@code payee}.
     *
     * @param kept the job that it is for, where a later process may go on with that
     * @return what it has been promised in all now
     */
    Amount promise(Account payee, Amount more, Optional<JobId> kept) throws IOException {
        lock.lock();
        try {
            var total = promised(payee).plus(more);
            var all = new TreeMap<>(promised);
            all.put(payee.toString(), total);
            var jobs = new TreeMap<>(inJobs);
            kept.ifPresent(job -> jobs.put(key(job, payee), promised(job, payee).plus(more)));
            write(all, jobs);
            return total;
        } finally {
            lock.unlock();
        }
    }

    /** Nobody goes on with a job any more. */
    public void forget(JobId job) throws IOException {
        lock.lock();
        try {
            var jobs = new TreeMap<>(inJobs);
            if (jobs.keySet().removeIf(key -> key.startsWith(job.hex()))) {
                write(promised, jobs);
            }
        } finally {
            lock.unlock();
        }
    }

    private void write(Map<String, Amount> all, Map<String, Amount> jobs) throws IOException {
        var text = new StringBuilder();
        all.forEach((payee, total) -> text.append(payee + "\t" + total + "\n"));
        jobs.forEach((key, total) -> {
            var names = key.split("\t", -1);
            text.append(names[1] + "\t" + total + "\t" + names[0] + "\n");
        });
        Files.createDirectories(file.toAbsolutePath().getParent());
        var draft = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(draft, text, StandardCharsets.US_ASCII);
        try (var channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        promised = Map.copyOf(all);
        inJobs = Map.copyOf(jobs);
    }
}
