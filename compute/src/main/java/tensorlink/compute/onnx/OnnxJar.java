package tensorlink.compute.onnx;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import tensorlink.compute.format.ModelFormatException;

/**
 * The files at the top of a jar, as models come from Maven Central. Nothing else of it is looked
 * at, least of all its classes; what an entry says of its length is not believed.
 */
final class OnnxJar implements OnnxImport.Source, AutoCloseable {
    /** The most entries of a jar. */
    static final int ENTRIES_MAX = 10_000;

    private final Path file;
    private final ZipFile zip;

    private OnnxJar(Path file, ZipFile zip) {
        this.file = file;
        this.zip = zip;
    }

    static OnnxJar open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new ModelFormatException(file.toString(), "not a regular file");
        }
        try {
            return new OnnxJar(file, new ZipFile(file.toFile()));
        } catch (ZipException malformed) {
            throw new ModelFormatException(file.toString(), "not a jar: " + malformed.getMessage());
        }
    }

    /** The name of the one file at the top that ends so. */
    String only(String ending) throws ModelFormatException {
        if (zip.size() > ENTRIES_MAX) {
            throw new ModelFormatException(
                    file.toString(), zip.size() + " entries, limit " + ENTRIES_MAX);
        }
        var found =
                zip.stream()
                        .map(entry -> entry.getName())
                        .filter(name -> name.endsWith(ending) && name.indexOf('/') < 0)
                        .toList();
        if (found.size() != 1) {
            throw new ModelFormatException(
                    file.toString(),
                    "expected one file at the top that ends in "
                            + ending
                            + ", found "
                            + found.size());
        }
        return found.getFirst();
    }

    @Override
    public String nameOf(String name) {
        return file + "!" + name.replaceAll("[^ -~]", "?");
    }

    @Override
    public boolean has(String name) {
        return zip.getEntry(name) != null;
    }

    @Override
    public byte[] bytes(String name, int max) throws IOException {
        var entry = zip.getEntry(name);
        if (entry == null) {
            throw new FileNotFoundException(nameOf(name));
        }
        try (var in = zip.getInputStream(entry)) {
            var bytes = in.readNBytes(max);
            if (in.read() >= 0) {
                throw new ModelFormatException(nameOf(name), "more bytes than the limit " + max);
            }
            return bytes;
        } catch (ZipException malformed) {
            throw new ModelFormatException(nameOf(name), "damaged: " + malformed.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
