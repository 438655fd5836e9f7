package tensorlink.compute.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.SafetensorsHeader.Entry;
import tensorlink.compute.tensor.TensorSpec;

/** One safetensors file: 8 bytes of header length, the header, the data. */
final class SafetensorsFile implements Weights {
    static final int HEADER_BYTES_MAX = 16 << 20;
    static final long FILE_BYTES_MAX = 20L << 30;

    private static final String GIT_LFS = "version https://git-lfs.github.com/spec/";

    private final ModelFile file;
    private final long dataStart;
    private final Map<String, Entry> entries;

    private SafetensorsFile(ModelFile file, long dataStart, Map<String, Entry> entries) {
        this.file = file;
        this.dataStart = dataStart;
        this.entries = entries;
    }

    static SafetensorsFile open(ModelFile file) throws IOException {
        var source = file.toString();
        if (file.size() > FILE_BYTES_MAX) {
            throw new ModelFormatException(source, file.size() + " bytes, limit " + FILE_BYTES_MAX);
        }
        if (file.size() < Long.BYTES) {
            throw new ModelFormatException(
                    source, file.size() + " bytes, too short for a safetensors file");
        }
        requireContent(file);
        var prefix = new byte[Long.BYTES];
        file.read(0, MemorySegment.ofArray(prefix));
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > HEADER_BYTES_MAX) {
            throw new ModelFormatException(
                    source,
                    "header of "
                            + Long.toUnsignedString(length)
                            + " bytes, expected 2 to "
                            + HEADER_BYTES_MAX);
        }
        long dataStart = Long.BYTES + length;
        if (dataStart > file.size()) {
            throw new ModelFormatException(
                    source, "header of " + length + " bytes in a file of " + file.size());
        }
        var json = new byte[(int) length];
        file.read(Long.BYTES, MemorySegment.ofArray(json));
        var header = SafetensorsHeader.parse(source, json, file.size() - dataStart);
        return new SafetensorsFile(file, dataStart, header.entries());
    }

    private static void requireContent(ModelFile file) throws IOException {
        var start = new byte[(int) Math.min(GIT_LFS.length(), file.size())];
        file.read(0, MemorySegment.ofArray(start));
        if (new String(start, StandardCharsets.ISO_8859_1).equals(GIT_LFS)) {
            throw new ModelFormatException(
                    file.toString(), "a Git LFS pointer, not the weights: run git lfs pull");
        }
    }

    @Override
    public List<TensorSpec> tensors() {
        return entries.values().stream().map(Entry::spec).toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        var entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("no tensor " + name + " in " + file);
        }
        long bytes = entry.end() - entry.begin();
        if (offset < 0 || target.byteSize() > bytes - offset) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset + " of " + bytes);
        }
        try {
            file.read(dataStart + entry.begin() + offset, target);
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        }
    }

    private static InterruptedException interrupted(ClosedByInterruptException cause) {
        Thread.interrupted(); // an InterruptedException stands for the flag
        var interrupted = new InterruptedException();
        interrupted.initCause(cause);
        return interrupted;
    }
}
