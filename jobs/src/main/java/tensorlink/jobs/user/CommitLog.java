package tensorlink.jobs.user;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import tensorlink.compute.Digest;

/**
 * The steps that count: one line each, forced to disk before any stage is told to apply it, naming
 * the gradients that every stage has prepared.
 *
 * <p>A line is {@code step TAB digest,digest,… TAB hash LF}, where the hash covers the line and the
 * hash before it, so that nothing can be changed or left out unnoticed. A last line that a crash
 * cut short is no commit, and is dropped. An interrupt does not cut one short: whether a step
 * counts must not hang on the moment at which its user loses patience.
 */
public final class CommitLog implements AutoCloseable {
    private static final long BYTES_MAX = 1L << 30;
    private static final String BEGINNING = "tensorlink commit log 1";

    private final RandomAccessFile content;
    private Digest last;
    private long step;

    private CommitLog(RandomAccessFile content, Digest last, long step) {
        this.content = content;
        this.last = last;
        this.step = step;
    }

    /**
     * A committed step.
     *
     * @param gradients one digest per stage, in order
     */
    public record Entry(long step, List<Digest> gradients) {
        public Entry {
            gradients = List.copyOf(gradients);
        }
    }

    /** Opens the log at {@code file}, creating it and its folder when missing. */
    public static CommitLog open(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var read = Files.exists(file) ? parse(file) : new Parsed(List.of(), start(), 0);
        var content = new RandomAccessFile(file.toFile(), "rw");
        content.setLength(read.length());
        content.seek(read.length());
        long step = read.entries().isEmpty() ? 0 : read.entries().getLast().step();
        return new CommitLog(content, read.last(), step);
    }

    /**
     * The steps in the log at {@code file}, oldest first.
     *
     * @throws IOException when it cannot be read, or is damaged before its last line
     */
    public static List<Entry> read(Path file) throws IOException {
        return parse(file).entries();
    }

    /** The last step that counts; 0 before the first. */
    public long step() {
        return step;
    }

    /**
     * Makes a step count; when this returns it does, whatever happens next.
     *
     * @throws IllegalArgumentException when {@code entry} is not the step after {@link #step}
     */
    public void append(Entry entry) throws IOException {
        if (entry.step() != step + 1) {
            throw new IllegalArgumentException("step " + entry.step() + " after " + step);
        }
        var body = body(entry);
        var hash = hash(last, body);
        content.write((body + "\t" + hash.hex() + "\n").getBytes(StandardCharsets.US_ASCII));
        content.getFD().sync();
        last = hash;
        step = entry.step();
    }

    @Override
    public void close() throws IOException {
        content.close();
    }

    private record Parsed(List<Entry> entries, Digest last, long length) {}

    private static Parsed parse(Path file) throws IOException {
        if (Files.size(file) > BYTES_MAX) {
            throw new IOException(file + ": more than " + BYTES_MAX + " bytes");
        }
        var text = Files.readString(file, StandardCharsets.ISO_8859_1);
        var entries = new ArrayList<Entry>();
        var last = start();
        int at = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
            var line = text.substring(at, end);
            int tab = line.lastIndexOf('\t');
            last = hash(last, tab < 0 ? "" : line.substring(0, tab));
            if (!line.substring(tab + 1).equals(last.hex())) {
                throw new IOException(file + ": line " + (entries.size() + 1) + " is damaged");
            }
            entries.add(entry(line.substring(0, tab)));
            at = end + 1;
        }
        return new Parsed(List.copyOf(entries), last, at);
    }

    private static Entry entry(String body) {
        var fields = body.split("\t", -1);
        var digests = new ArrayList<Digest>();
        for (var digest : fields[1].split(",", -1)) {
            digests.add(new Digest(digest));
        }
        return new Entry(Long.parseLong(fields[0]), digests);
    }

    private static String body(Entry entry) {
        return entry.step()
                + "\t"
                + entry.gradients().stream().map(Digest::hex).collect(Collectors.joining(","));
    }

    private static Digest start() {
        return Digest.of(BEGINNING.getBytes(StandardCharsets.US_ASCII));
    }

    private static Digest hash(Digest before, String body) {
        return Digest.of((before.hex() + "\n" + body).getBytes(StandardCharsets.US_ASCII));
    }
}
