package tensorlink.jobs.user;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a user has asked of each stage of a job, in usage units, in a file: so that a process that
 * follows on this one pays receipts for it, and for no more. Eight bytes for each stage, written
 * before the stage is asked. They are not forced to the disk: what ends a machine ends the grace of
 * its job too. Safe for use by any thread.
 */
final class Tab implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private Tab(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    static Tab open(Path file) throws IOException {
        return new Tab(
                file,
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE));
    }

    /**
     * What was asked of a stage.
     *
     * @throws IOException when that is not known
     */
    long asked(int stage) throws IOException {
        var bytes = ByteBuffer.allocate(Long.BYTES);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at(stage) + bytes.position()) < 0) {
                throw new IOException(file + " says nothing of stage " + stage);
            }
        }
        long asked = bytes.flip().getLong();
        if (asked < 0) {
            throw new IOException(file + " is damaged: stage " + stage + " was asked " + asked);
        }
        return asked;
    }

    void asked(int stage, long units) throws IOException {
        var bytes = ByteBuffer.allocate(Long.BYTES).putLong(units).flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes, at(stage) + bytes.position());
        }
    }

    private static long at(int stage) {
        return (long) stage * Long.BYTES;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
