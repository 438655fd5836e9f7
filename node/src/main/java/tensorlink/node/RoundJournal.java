package tensorlink.node;

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
import java.util.List;
import tensorlink.node.wire.RoundItem;

/**
 * What a validator knows of rounds, in the order in which it came to know it: a line in Base64 for
 * each item, forced to disk. A last line that is cut short is dropped; damage before it is refused.
 * One thread at a time.
 */
final class RoundJournal implements AutoCloseable {
    /** When it has grown so large, nothing more is taken up. */
    static final long BYTES_MAX = 64L << 20;

    private final FileChannel channel;
    private final List<ByteString> items;
    private long length;

    private RoundJournal(FileChannel channel, List<ByteString> items, long length) {
        this.channel = channel;
        this.items = items;
        this.length = length;
    }

    static RoundJournal open(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var items = new ArrayList<ByteString>();
        int at = 0;
        if (Files.exists(file)) {
            if (Files.size(file) > 2 * BYTES_MAX) {
                throw new IOException(file + ": more than " + 2 * BYTES_MAX + " bytes");
            }
            var text = Files.readString(file, StandardCharsets.ISO_8859_1);
            for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
                try {
                    var bytes = Base64.getDecoder().decode(text.substring(at, end));
                    items.add(ByteString.copyFrom(bytes));
                } catch (IllegalArgumentException damaged) {
                    throw new IOException(
                            file + ": line " + (items.size() + 1) + " is damaged", damaged);
                }
                at = end + 1;
            }
        }
        var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel.truncate(at);
        channel.position(at);
        return new RoundJournal(channel, items, at);
    }

    /** All items, oldest first. */
    List<ByteString> items() {
        return List.copyOf(items);
    }

    /** Adds an item; on disk when it returns. */
    void add(RoundItem item) throws IOException {
        var bytes = item.toByteString();
        var line = Base64.getEncoder().encodeToString(bytes.toByteArray()) + "\n";
        if (length + line.length() > BYTES_MAX) {
            throw new IOException("the journal of rounds is full: " + length + " bytes");
        }
        var left = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
        while (left.hasRemaining()) {
            channel.write(left);
        }
        channel.force(false);
        length += line.length();
        items.add(bytes);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
