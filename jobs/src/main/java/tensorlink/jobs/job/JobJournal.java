package tensorlink.jobs.job;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * The states one job went through, on disk: one line each, forced out before anyone hears of it.
 *
 * <p>A line is {@code millis TAB state TAB reason TAB crc LF}, the reason percent-encoded. A last
 * line that a crash cut short is dropped on opening; damage before it is refused.
 */
public final class JobJournal implements AutoCloseable {
    private static final int BYTES_MAX = 1 << 20;

    private final Path file;
    private final FileChannel channel;

    private JobJournal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** A state and when it was entered. */
    public record Entry(Instant at, JobState state) {}

    /** Opens the journal at {@code file} for appending, creating it and its folder when missing. */
    public static JobJournal open(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        long sound = Files.exists(file) ? parse(file).length : 0;
        var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel.truncate(sound);
        channel.position(sound);
        return new JobJournal(file, channel);
    }

    /**
     * The entries of the journal at {@code file}, oldest first.
     *
     * @throws IOException when it cannot be read or is damaged before its last line
     */
    public static List<Entry> read(Path file) throws IOException {
        return parse(file).entries;
    }

    /** Appends a state; when this returns it survives a crash. */
    void append(Instant at, JobState state) throws IOException {
        var line = ByteBuffer.wrap(line(at, state).getBytes(StandardCharsets.US_ASCII));
        while (line.hasRemaining()) {
            channel.write(line);
        }
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public String toString() {
        return file.toString();
    }

    private record Parsed(List<Entry> entries, long length) {}

    private static Parsed parse(Path file) throws IOException {
        if (Files.size(file) > BYTES_MAX) {
            throw new IOException(file + ": more than " + BYTES_MAX + " bytes");
        }
        var text = Files.readString(file, StandardCharsets.ISO_8859_1);
        var entries = new ArrayList<Entry>();
        int at = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
            entries.add(parse(file, entries.size() + 1, text.substring(at, end)));
            at = end + 1;
        }
        return new Parsed(List.copyOf(entries), at);
    }

    private static Entry parse(Path file, int number, String line) throws IOException {
        var fields = line.split("\t", -1);
        int body = line.lastIndexOf('\t');
        if (fields.length != 4 || !crc(line.substring(0, body)).equals(fields[3])) {
            throw new IOException(file + ": line " + number + " is damaged");
        }
        try {
            var reason = URLDecoder.decode(fields[2], StandardCharsets.UTF_8);
            return new Entry(
                    Instant.ofEpochMilli(Long.parseLong(fields[0])),
                    JobState.parse(fields[1], reason));
        } catch (IllegalArgumentException malformed) {
            throw new IOException(file + ": line " + number + ": " + malformed.getMessage());
        }
    }

    private static String line(Instant at, JobState state) {
        var reason = URLEncoder.encode(state.reason(), StandardCharsets.UTF_8);
        var body = at.toEpochMilli() + "\t" + state.label() + "\t" + reason;
        return body + "\t" + crc(body) + "\n";
    }

    private static String crc(String body) {
        var crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.ISO_8859_1));
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }
}
