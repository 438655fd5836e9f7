package tensorlink.compute.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A regular file inside a model's folder, read by position.
 *
 * <p>It is opened for each read, so nothing needs closing and an interrupted reader harms no other;
 * and it is read, not mapped, so a file that shrinks is an error, not a crash. A file that changed
 * since it was first looked at is refused.
 */
public final class ModelFile {
    private static final long PIECE_BYTES = 1L << 30;

    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

    private final Path path;
    private final long size;
    private final FileTime modified;
    private final @Nullable Object key;

    private ModelFile(Path path, BasicFileAttributes attributes) {
        this.path = path;
        this.size = attributes.size();
        this.modified = attributes.lastModifiedTime();
        this.key = attributes.fileKey();
    }

    /** Whether {@code folder} has an entry of that name, of any kind. */
    public static boolean exists(Path folder, String name) {
        return Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }

    /** The file at {@code path}, with the same conditions as {@link #in}. */
    static ModelFile of(Path path) throws IOException {
        var folder = path.toAbsolutePath().getParent();
        var name = path.getFileName();
        if (folder == null || name == null) {
            throw new ModelFormatException(path.toString(), "not a file");
        }
        return in(folder, name.toString());
    }

    /**
     * Finds a file by its plain name.
     *
     * @throws ModelFormatException when there is none, when it is not a regular file, or when it is
     *     a link that leads out of the folder
     */
    public static ModelFile in(Path folder, String name) throws IOException {
        if (!PLAIN.matcher(name).matches()) {
            throw new ModelFormatException(
                    folder.toString(),
                    "\"" + name.replaceAll("[^ -~]", "?") + "\" is not a plain file name");
        }
        var entry = folder.resolve(name);
        try {
            var path = entry.toRealPath();
            if (!path.startsWith(folder.toRealPath())) {
                throw new ModelFormatException(entry.toString(), "a link out of its folder");
            }
            var attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                throw new ModelFormatException(entry.toString(), "not a regular file");
            }
            return new ModelFile(entry, attributes);
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(entry.toString(), "there is no such file");
        }
    }

    public long size() {
        return size;
    }

    /** The whole content of a small file. */
    public byte[] bytes(int max) throws IOException {
        if (size > max) {
            throw new ModelFormatException(toString(), size + " bytes, limit " + max);
        }
        var bytes = new byte[(int) size];
        read(0, MemorySegment.ofArray(bytes));
        return bytes;
    }

    /** Fills {@code target} from {@code position} on. */
    void read(long position, MemorySegment target) throws IOException {
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            requireUnchanged();
            for (long at = 0; at < target.byteSize(); ) {
                long length = Math.min(PIECE_BYTES, target.byteSize() - at);
                int count = channel.read(target.asSlice(at, length).asByteBuffer(), position + at);
                if (count < 0) {
                    throw changed();
                }
                at += count;
            }
        }
    }

    private void requireUnchanged() throws IOException {
        var now = Files.readAttributes(path, BasicFileAttributes.class);
        if (now.size() != size
                || !now.lastModifiedTime().equals(modified)
                || !Objects.equals(now.fileKey(), key)) {
            throw changed();
        }
    }

    private ModelFormatException changed() {
        return new ModelFormatException(toString(), "changed while in use");
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
