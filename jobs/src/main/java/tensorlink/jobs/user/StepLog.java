package tensorlink.jobs.user;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Digest;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * The steps since a checkpoint, with all that is needed to do them again, on disk.
 *
 * <p>A step is {@code length (4 bytes) | SHA-256 | content}; a last one that a crash cut short is
 * dropped on opening. Read one at a time, so that memory does not grow with their number. An
 * interrupt neither cuts a step short nor closes the file.
 */
final class StepLog implements AutoCloseable {
    private static final int HEAD_BYTES = Integer.BYTES + Digest.BYTES;

    private final Path file;
    private final RandomAccessFile content;
    private final long first;
    private long last;
    private long end;

    private StepLog(Path file, RandomAccessFile content, long after) {
        this.file = file;
        this.content = content;
        this.first = after + 1;
        this.last = after;
    }

    /** What is done with each step. */
    interface Reader {
        void read(LoggedStep step) throws IOException, InterruptedException;
    }

    /**
     * Opens the log at {@code file}, creating it when missing.
     *
     * @param after the step that came before the first here
     * @param committed the last step that counts; what is logged beyond it is dropped
     * @throws IOException when it is damaged, or lacks steps that count
     */
    static StepLog open(Path file, long after, long committed) throws IOException {
        var content = new RandomAccessFile(file.toFile(), "rw");
        var log = new StepLog(file, content, after);
        try {
            while (log.last < committed) {
                var next = log.at(log.end);
                if (next == null) {
                    throw new IOException(
                            file
                                    + ": ends with step "
                                    + log.last
                                    + ", and "
                                    + committed
                                    + " steps count");
                }
                log.end += HEAD_BYTES + next.size();
                log.last++;
            }
            content.setLength(log.end);
            return log;
        } catch (IOException | RuntimeException damaged) {
            content.close();
            throw damaged;
        }
    }

    /** Forces the next step to disk. */
    void append(LoggedStep step) throws IOException {
        if (step.step() != last + 1) {
            throw new IllegalArgumentException("step " + step.step() + " after " + last);
        }
        var encoded = step.encode();
        if (encoded.size() > LoggedStep.BYTES_MAX) {
            throw new IOException(
                    "step "
                            + step.step()
                            + ": "
                            + encoded.size()
                            + " bytes to log, limit "
                            + LoggedStep.BYTES_MAX);
        }
        var bytes = ByteBuffer.allocate(HEAD_BYTES + encoded.size());
        bytes.putInt(encoded.size()).put(Digest.of(encoded.toByteArray()).bytes());
        encoded.copyTo(bytes);
        content.seek(end);
        content.write(bytes.array());
        content.getFD().sync();
        end += bytes.capacity();
        last = step.step();
    }

    /** Hands the steps over, oldest first. */
    void forEach(Reader reader) throws IOException, InterruptedException {
        long at = 0;
        for (long step = first; step <= last; step++) {
            var encoded = at(at);
            if (encoded == null) {
                throw damaged(at);
            }
            at += HEAD_BYTES + encoded.size();
            try {
                var logged = LoggedStep.decode(encoded);
                if (logged.step() != step) {
                    throw damaged(at);
                }
                reader.read(logged);
            } catch (ProtocolViolation unreadable) {
                throw new IOException(file + ": " + unreadable.getMessage(), unreadable);
            }
        }
    }

    /** The step that begins at {@code position}, encoded; null where none is whole. */
    private @Nullable ByteString at(long position) throws IOException {
        long left = content.length() - position;
        if (left < HEAD_BYTES) {
            return null;
        }
        content.seek(position);
        int length = content.readInt();
        if (length < 0 || length > LoggedStep.BYTES_MAX) {
            throw damaged(position);
        }
        if (length > left - HEAD_BYTES) {
            return null;
        }
        var digest = new byte[Digest.BYTES];
        content.readFully(digest);
        var encoded = new byte[length];
        content.readFully(encoded);
        if (!Digest.of(encoded).equals(Digest.ofHash(digest))) {
            throw damaged(position);
        }
        return ByteString.copyFrom(encoded);
    }

    private IOException damaged(long position) {
        return new IOException(file + ": damaged at byte " + position);
    }

    @Override
    public void close() throws IOException {
        content.close();
    }
}
