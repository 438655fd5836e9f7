package tensorlink.jobs.user;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;

/**
 * What a user has promised to each worker since the beginning, over all its jobs. A promise is on
 * disk before it is given. Safe for use by any thread.
 */
public final class Purse {
    private final Path file;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Amount> promised = new TreeMap<>();

    private Purse(Path file) {
        this.file = file;
    }

    /** Opens the purse kept in {@code file}, an empty one when there is no such file. */
    public static Purse open(Path file) throws IOException {
        var purse = new Purse(file);
        if (Files.exists(file)) {
            int number = 0;
            for (var line : Files.readAllLines(file)) {
                number++;
                var fields = line.split("\t", -1);
                try {
                    purse.promised.put(
                            Account.parse(fields[0]).toString(), Amount.parse(fields[1]));
                } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException damaged) {
                    throw new IOException(file + ": line " + number + " is damaged", damaged);
                }
            }
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

    /**
     * Promises {@code more} to {@code payee}.
     *
     * @return what it has been promised in all now
     */
    Amount promise(Account payee, Amount more) throws IOException {
        lock.lock();
        try {
            var before = promised(payee);
            var total = before.plus(more);
            promised.put(payee.toString(), total);
            try {
                write();
            } catch (IOException unwritten) {
                promised.put(payee.toString(), before);
                throw unwritten;
            }
            return total;
        } finally {
            lock.unlock();
        }
    }

    private void write() throws IOException {
        var text = new StringBuilder();
        promised.forEach((payee, total) -> text.append(payee + "\t" + total + "\n"));
        Files.createDirectories(file.toAbsolutePath().getParent());
        var draft = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(draft, text, StandardCharsets.US_ASCII);
        try (var channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
