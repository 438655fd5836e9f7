package tensorlink.jobs.user;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import tensorlink.compute.Digest;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * The steps since a checkpoint, with all that is needed to do them again, on disk.
 *
 * <p>A step is {@code length (4 bytes) | SHA-256 | content}; a last one that a crash cut short is
 * dropped on opening. Read one at a time, so that memory does not grow with their number.
 */
final class StepLog implements AutoCloseable {
    private static final int HEAD_BYTES = Integer.BYTES + Digest.BYTES;

    private final Path file;
    private final FileChannel channel;
    private final long first;
    private long last;
    private long end;

    private StepLog(Path file, FileChannel channel, long after) {
        this.file = file;
        this.channel = channel;
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
        var channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        var log = new StepLog(file, channel, after);
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
            channel.truncate(log.end);
            return log;
        } catch (IOException | RuntimeException damaged) {
            channel.close();
            throw damaged;
        }
    }

    /** Forces the next step to disk. */
    void append(LoggedStep step) throws IOException {
        if (step.step() != last + 1) {
            throw new IllegalArgumentException("step " + step.step() + " after " + last);
        }
        var content = step.encode();
        if (content.size() > LoggedStep.BYTES_MAX) {
            throw new IOException(
                    "step "
                            + step.step()
                            + ": "
                            + content.size()
                            + " bytes to log, limit "
                            + LoggedStep.BYTES_MAX);
        }
        var bytes = ByteBuffer.allocate(HEAD_BYTES + content.size());
        bytes.putInt(content.size()).put(Digest.of(content.toByteArray()).bytes());
        content.copyTo(bytes);
        bytes.flip();
        for (long at = end; bytes.hasRemaining(); ) {
            at += channel.write(bytes, at);
        }
        channel.force(false);
        end += bytes.capacity();
        last = step.step();
    }

    /** Hands the steps over, oldest first. */
    void forEach(Reader reader) throws IOException, InterruptedException {
        long at = 0;
        for (long step = first; step <= last; step++) {
            var content = at(at);
            if (content == null) {
                throw damaged(at);
            }
            at += HEAD_BYTES + content.size();
            try {
                var logged = LoggedStep.decode(content);
                if (logged.step() != step) {
                    throw damaged(at);
                }
                reader.read(logged);
            } catch (ProtocolViolation unreadable) {
                throw new IOException(file + ": " + unreadable.getMessage(), unreadable);
            }
        }
    }

    /** The content of the step that begins at {@code position}; null where none is whole. */
    private @org.jspecify.annotations.Nullable ByteString at(long position) throws IOException {
        long left = channel.size() - position;
        if (left < HEAD_BYTES) {
            return null;
        }
        var head = read(position, HEAD_BYTES);
        int length = head.getInt();
        if (length < 0 || length > LoggedStep.BYTES_MAX) {
            throw damaged(position);
        }
        if (length > left - HEAD_BYTES) {
            return null;
        }
        var digest = new byte[Digest.BYTES];
        head.get(digest);
        var content = read(position + HEAD_BYTES, length).array();
        if (!Digest.of(content).equals(Digest.ofHash(digest))) {
            throw damaged(position);
        }
        return ByteString.copyFrom(content);
    }

    private ByteBuffer read(long position, int length) throws IOException {
        var bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, position + bytes.position()) < 0) {
                throw damaged(position);
            }
        }
        return bytes.flip();
    }

    private IOException damaged(long position) {
        return new IOException(file + ": damaged at byte " + position);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
