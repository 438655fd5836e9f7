package tensorlink.node;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import tensorlink.compute.format.AtomicFile;
import tensorlink.node.wire.RoundItem;

/**
 * What a validator knows of rounds, in the order in which it came to know it: a line in Base64 for
 * each item, forced to disk. A last line that is cut short is dropped; damage before it is refused.
 * What is not needed any more goes when the whole is written anew. One thread at a time.
 */
final class RoundJournal implements AutoCloseable {
    /** When it has grown so large, nothing more is taken up. */
    static final long BYTES_MAX = 64L << 20;

    private final Path file;
    private FileChannel channel;
    private List<RoundItem> items;
    private long length;

    private RoundJournal(Path file, FileChannel channel, List<RoundItem> items, long length) {
        this.file = file;
        this.channel = channel;
        this.items = items;
        this.length = length;
    }

    static RoundJournal open(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var items = new ArrayList<RoundItem>();
        int at = 0;
        if (Files.exists(file)) {
            if (Files.size(file) > 2 * BYTES_MAX) {
                throw new IOException(file + ": more than " + 2 * BYTES_MAX + " bytes");
            }
            var text = Files.readString(file, StandardCharsets.ISO_8859_1);
            for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
                try {
                    var bytes = Base64.getDecoder().decode(text.substring(at, end));
                    items.add(RoundItem.parseFrom(bytes));
                } catch (IllegalArgumentException | InvalidProtocolBufferException damaged) {
                    throw new IOException(
                            file + ": line " + (items.size() + 1) + " is damaged", damaged);
                }
                at = end + 1;
            }
        }
        return new RoundJournal(file, end(file, at), items, at);
    }

    /** The file, to be written from {@code at} on, where it is cut. */
    private static FileChannel end(Path file, long at) throws IOException {
        var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel.truncate(at);
        channel.position(at);
        return channel;
    }

    /** All items, oldest first. */
    List<RoundItem> items() {
        return List.copyOf(items);
    }

    /** How many bytes it has. */
    long length() {
        return length;
    }

    /** Adds an item; on disk when it returns. */
    void add(RoundItem item) throws IOException {
        var line = line(item);
        if (length + line.length() > BYTES_MAX) {
            throw new IOException("the journal of rounds is full: " + length + " bytes");
        }
        var left = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
        while (left.hasRemaining()) {
            channel.write(left);
        }
        channel.force(false);
        length += line.length();
        items.add(item);
    }

    private static String line(RoundItem item) {
        return Base64.getEncoder().encodeToString(item.toByteArray()) + "\n";
    }

    /** Holds these items and no others; after a crash, these or those before. */
    void rewrite(List<RoundItem> needed) throws IOException, InterruptedException {
        var text = new StringBuilder();
        needed.forEach(item -> text.append(line(item)));
        AtomicFile.write(file, text.toString().getBytes(StandardCharsets.US_ASCII));
        var replaced = channel;
        try {
            channel = end(file, text.length());
        } finally {
            replaced.close(); // where the new one cannot be opened, nothing more is added
        }
        length = text.length();
        items = new ArrayList<>(needed);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
