package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import tensorlink.ledger.Account;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.evm.Transaction.SignedTransaction;

/**
 * What one key has signed on one chain, on disk before any node sees it: after a crash the same
 * bytes are sent again, so that no nonce is used for two requests and nothing is paid twice.
 *
 * <p>A text file. The first line names chain and account; {@code sent} and the bytes of a
 * transaction follow for each that was signed, {@code done} and a nonce for each that is final. An
 * end without its line feed was not acknowledged and is cut; anything else that is wrong is
 * refused. On opening, the file is written anew with what is still pending. Used by one thread at a
 * time.
 */
final class SenderJournal implements AutoCloseable {
    private static final String NAME = "tensorlink-sender 1";
    private static final int PENDING_MAX = 10_000;

    private final FileChannel channel;
    private final FileChannel lock;
    private final NavigableMap<Long, List<SignedTransaction>> pending;
    private long next;

    private SenderJournal(
            FileChannel channel,
            FileChannel lock,
            NavigableMap<Long, List<SignedTransaction>> pending,
            long next) {
        this.channel = channel;
        this.lock = lock;
        this.pending = pending;
        this.next = next;
    }

    /**
     * Opens {@code file}, or creates it.
     *
     * @throws LedgerException when another process has it open, or it is another key's or chain's
     * @throws LedgerFormatException when it is damaged anywhere but at a torn end
     */
    static SenderJournal open(Path file, long chainId, Account account) throws IOException {
        var directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        var lock =
                FileChannel.open(
                        Path.of(file + ".lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        try {
            requireAlone(lock, file);
            var header = NAME + " " + chainId + " " + account;
            var pending = new TreeMap<Long, List<SignedTransaction>>();
            long next = Files.exists(file) ? read(file, header, account, pending) : 0;
            return new SenderJournal(rewrite(file, header, pending, next), lock, pending, next);
        } catch (IOException | RuntimeException e) {
            try (lock) {
                throw e;
            }
        }
    }

    private static void requireAlone(FileChannel lock, Path file) throws IOException {
        try {
            if (lock.tryLock() != null) {
                return;
            }
        } catch (OverlappingFileLockException ours) {
            // As if another process had it.
        }
        throw new LedgerException(file + " is in use");
    }

    private static long read(
            Path file,
            String header,
            Account account,
            NavigableMap<Long, List<SignedTransaction>> pending)
            throws IOException {
        var text = Files.readString(file, StandardCharsets.ISO_8859_1);
        long next = 0;
        int start = 0;
        for (int end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
            var line = text.substring(start, end);
            if (start == 0) {
                if (!line.equals(header)) {
                    throw new LedgerException(
                            file
                                    + " begins with \""
                                    + RpcValue.shown(line)
                                    + "\", expected \""
                                    + header
                                    + "\"");
                }
                continue;
            }
            try {
                next = Math.max(next, apply(line, account, pending));
            } catch (IllegalArgumentException e) {
                throw new LedgerFormatException(
                        file.toString(), start, "line", String.valueOf(e.getMessage()));
            }
        }
        return next;
    }

    /** Does what {@code line} says and returns the first nonce it leaves free. */
    private static long apply(
            String line, Account account, NavigableMap<Long, List<SignedTransaction>> pending) {
        var words = line.split(" ", -1);
        if (words.length != 2) {
            throw new IllegalArgumentException(words.length + " words, expected 2");
        }
        return switch (words[0]) {
            case "sent" -> {
                var bytes = ByteString.copyFrom(HexFormat.of().parseHex(words[1]));
                var sent = Transaction.decode(bytes, account);
                pending.computeIfAbsent(sent.nonce(), _ -> new ArrayList<>()).add(sent);
                yield sent.nonce() + 1;
            }
            case "done" -> {
                long nonce = Long.parseLong(words[1]);
                pending.remove(nonce);
                yield nonce + 1;
            }
            default -> throw new IllegalArgumentException("neither sent nor done");
        };
    }

    private static FileChannel rewrite(
            Path file,
            String header,
            NavigableMap<Long, List<SignedTransaction>> pending,
            long next)
            throws IOException {
        var text = new StringBuilder(header).append('\n');
        if (next > 0) {
            text.append("done ").append(next - 1).append('\n');
        }
        for (var versions : pending.values()) {
            for (var version : versions) {
                text.append(line(version));
            }
        }
        var fresh = Path.of(file + ".new");
        Files.writeString(fresh, text, StandardCharsets.ISO_8859_1);
        var channel = FileChannel.open(fresh, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        try {
            channel.force(true);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            return channel;
        } catch (IOException e) {
            try (channel) {
                throw e;
            }
        }
    }

    /** Puts a signed transaction on disk; only then may a node see it. */
    void sent(SignedTransaction transaction) throws IOException {
        if (pending.size() >= PENDING_MAX && !pending.containsKey(transaction.nonce())) {
            throw new LedgerException(PENDING_MAX + " transactions wait already");
        }
        write(line(transaction));
        pending.computeIfAbsent(transaction.nonce(), _ -> new ArrayList<>()).add(transaction);
        next = Math.max(next, transaction.nonce() + 1);
    }

    /** Notes that a transaction with this nonce is final; whether ours is for others to say. */
    void done(long nonce) throws IOException {
        if (pending.remove(nonce) != null) {
            write("done " + nonce + "\n");
        }
    }

    /** All that was signed with this nonce and may still be mined, in order. */
    List<SignedTransaction> versions(long nonce) {
        return List.copyOf(pending.getOrDefault(nonce, List.of()));
    }

    /** The nonces that are not final, in order. */
    List<Long> pending() {
        return List.copyOf(pending.keySet());
    }

    /** One past the highest nonce that was ever signed here. */
    long next() {
        return next;
    }

    private static String line(SignedTransaction transaction) {
        return "sent " + HexFormat.of().formatHex(transaction.bytes().toByteArray()) + "\n";
    }

    private void write(String line) throws IOException {
        var bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        try (lock;
                channel) {
            // Both are closed; what was written is on disk already.
        }
    }
}
