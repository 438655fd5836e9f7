package tensorlink.node.hub;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tensorlink.jobs.weights.PublishedWeights.Watch;

/**
 * A hub's file of which some ranges are here, the others being holes, and beside it a note of each
 * piece that has come, for another run to go on. For one thread at a time.
 *
 * <p>A piece is noted when it is written, so what a killed process leaves is true: of a note that
 * was cut off, what can still be read as one is within the piece.
 */
final class PartialFile {
    /** The most that is asked for at once. */
    static final long RANGE_BYTES = 64 << 20;

    /** How often a range that does not come whole is asked for. */
    static final int TRIES_MAX = 2;

    private static final Pattern NOTE = Pattern.compile("(\\d{1,18}) (\\d{1,18})");

    private final Download download;
    private final String path;
    private final HubFile file;
    private final Path here;
    private final Path notes;
    private final TreeMap<Long, Long> ranges = new TreeMap<>();

    private PartialFile(Download download, String path, HubFile file, Path folder) {
        this.download = download;
        this.path = path;
        this.file = file;
        this.here = folder.resolve(file.name());
        this.notes = folder.resolve(file.name() + ".ranges");
    }

    /** The file of that name in {@code folder}, with what an earlier call has left of it. */
    static PartialFile open(Download download, String path, HubFile file, Path folder)
            throws IOException {
        var partial = new PartialFile(download, path, file, folder);
        if (Files.exists(partial.notes)
                && Files.exists(partial.here)
                && Files.size(partial.here) == file.size()) {
            Files.readString(partial.notes, StandardCharsets.ISO_8859_1)
                    .lines()
                    .forEach(partial::remember);
        } else {
            partial.make();
        }
        return partial;
    }

    private void make() throws IOException {
        Files.deleteIfExists(notes);
        Files.deleteIfExists(here);
        try (var out =
                FileChannel.open(
                        here,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.SPARSE,
                        StandardOpenOption.WRITE)) {
            if (file.size() > 0) {
                out.write(ByteBuffer.allocate(1), file.size() - 1);
            }
        }
    }

    private void remember(String note) {
        var numbers = NOTE.matcher(note);
        if (numbers.matches()) {
            long from = Long.parseLong(numbers.group(1));
            long end = Long.parseLong(numbers.group(2));
            if (from < end && end <= file.size()) {
                ranges.merge(from, end, Math::max);
            }
        }
    }

    /** Where it lies; as long as the hub's. */
    Path path() {
        return here;
    }

    /**
     * Has the bytes from {@code from} to {@code end} here.
     *
     * @param watch told how many of them are here
     */
    void need(long from, long end, Watch watch) throws IOException, InterruptedException {
        int cuts = 0;
        for (long at = reached(from); at < end; at = reached(from)) {
            try {
                fetch(at, Math.min(missingUntil(at, end), at + RANGE_BYTES), from, watch);
                cuts = 0;
            } catch (EOFException cut) {
                cuts = reached(from) > at ? 1 : cuts + 1;
                if (cuts == TRIES_MAX) {
                    throw new HubException(
                            file.name(),
                            "a range ends after "
                                    + (reached(from) - from)
                                    + " of "
                                    + (end - from)
                                    + " bytes");
                }
            }
        }
        watch.came(end - from);
    }

    private void fetch(long at, long end, long from, Watch watch)
            throws IOException, InterruptedException {
        try (var out = FileChannel.open(here, StandardOpenOption.WRITE)) {
            download.range(
                    path,
                    file,
                    at,
                    end,
                    (start, piece) -> {
                        var bytes = ByteBuffer.wrap(piece);
                        for (long to = start; bytes.hasRemaining(); ) {
                            to += out.write(bytes, to);
                        }
                        note(start, start + piece.length);
                        watch.came(start + piece.length - from);
                    });
        }
    }

    private void note(long from, long end) throws IOException {
        Files.writeString(
                notes,
                from + " " + end + "\n",
                StandardCharsets.ISO_8859_1,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        ranges.merge(from, end, Math::max);
    }

    /** Up to where everything from {@code from} on is here. */
    private long reached(long from) {
        long at = from;
        for (var range : ranges.entrySet()) {
            if (range.getKey() > at) {
                break;
            }
            at = Math.max(at, range.getValue());
        }
        return at;
    }

    /** The end, or where something is here again. */
    private long missingUntil(long at, long end) {
        var next = ranges.higherKey(at);
        return next == null ? end : Math.min(next, end);
    }
}
