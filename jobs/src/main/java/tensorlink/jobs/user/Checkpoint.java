package tensorlink.jobs.user;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.Digest;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.message.Manifest;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * All that the stages held after a step, parameters and optimizer state by their names, on the
 * user's disk. Belongs to no worker and to no split: any workers can go on from it.
 *
 * <p>A folder of two files: {@code tensors}, the bytes one after another, and {@code manifest},
 * {@code SHA-256 | step (8 bytes) | manifest}, whose digests cover every tensor. The folder takes
 * its name when both are on disk, so that there is no half checkpoint. Safe for use by any thread.
 */
public final class Checkpoint implements Weights {
    private static final String MANIFEST = "manifest";
    private static final String TENSORS = "tensors";
    private static final long PIECE_BYTES = 4 << 20;
    private static final long MANIFEST_BYTES_MAX = 64 << 20;

    private final long step;
    private final Manifest manifest;
    private final Map<String, Long> offsets = new HashMap<>();
    private final Map<String, Manifest.Entry> entries;
    private final FileChannel tensors;

    private Checkpoint(long step, Manifest manifest, FileChannel tensors) {
        this.step = step;
        this.manifest = manifest;
        this.entries = manifest.byName();
        this.tensors = tensors;
        long offset = 0;
        for (var entry : manifest.tensors()) {
            offsets.put(entry.tensor().name(), offset);
            offset += entry.tensor().byteSize();
        }
    }

    /** Where a checkpoint's bytes come from: parts of tensors, each read from front to back. */
    public interface Source {
        void read(String tensor, long offset, MemorySegment target)
                throws IOException, InterruptedException;
    }

    /**
     * Writes a checkpoint to {@code folder}, which appears when all of it is on disk and its bytes
     * are those that {@code manifest} names.
     *
     * @throws IOException also when they are not
     */
    static void write(Path folder, long step, Manifest manifest, Source source)
            throws IOException, InterruptedException {
        var draft = draft(folder);
        Files.createDirectories(draft);
        try (var file = create(draft.resolve(TENSORS));
                var arena = Arena.ofConfined()) {
            var piece = arena.allocate(PIECE_BYTES);
            for (var entry : manifest.tensors()) {
                copy(entry, source, piece, file);
            }
            file.force(true);
        }
        var content =
                ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(step).flip())
                        .concat(manifest.toBytes());
        try (var file = create(draft.resolve(MANIFEST))) {
            var whole =
                    ByteString.copyFrom(Digest.of(content.toByteArray()).bytes()).concat(content);
            writeFully(file, whole.asReadOnlyByteBuffer());
            file.force(true);
        }
        Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Where {@link #write} puts what is not complete. */
    static Path draft(Path folder) {
        return folder.resolveSibling(folder.getFileName() + ".new");
    }

    private static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
    }

    private static void copy(
            Manifest.Entry entry, Source source, MemorySegment piece, FileChannel file)
            throws IOException, InterruptedException {
        var hash = Digest.sha256();
        var name = entry.tensor().name();
        long size = entry.tensor().byteSize();
        for (long at = 0; at < size; ) {
            var part = piece.asSlice(0, Math.min(piece.byteSize(), size - at));
            source.read(name, at, part);
            Digest.hash(hash, part);
            writeFully(file, part.asByteBuffer());
            at += part.byteSize();
        }
        var actual = Digest.ofHash(hash.digest());
        if (!actual.equals(entry.digest())) {
            throw new IOException(
                    "checkpoint: the bytes of "
                            + name
                            + " hash to "
                            + actual
                            + ", announced was "
                            + entry.digest());
        }
    }

    private static void writeFully(FileChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    /**
     * Opens the checkpoint in {@code folder}. The tensors' bytes are checked by whoever reads them,
     * against {@link #manifest}.
     *
     * @throws IOException when its manifest is damaged, or bytes are missing
     */
    static Checkpoint open(Path folder) throws IOException {
        var file = folder.resolve(MANIFEST);
        if (Files.size(file) > MANIFEST_BYTES_MAX) {
            throw new IOException(file + ": more than " + MANIFEST_BYTES_MAX + " bytes");
        }
        var whole = ByteString.copyFrom(Files.readAllBytes(file));
        if (whole.size() < Digest.BYTES + Long.BYTES) {
            throw new IOException(file + ": " + whole.size() + " bytes are no manifest");
        }
        var content = whole.substring(Digest.BYTES);
        if (!Digest.of(content.toByteArray())
                .equals(Digest.ofHash(whole.substring(0, Digest.BYTES).toByteArray()))) {
            throw new IOException(file + ": is damaged");
        }
        Manifest manifest;
        try {
            manifest = Manifest.ofBytes(content.substring(Long.BYTES));
        } catch (ProtocolViolation unreadable) {
            throw new IOException(file + ": " + unreadable.getMessage(), unreadable);
        }
        var tensors = FileChannel.open(folder.resolve(TENSORS), StandardOpenOption.READ);
        long expected = 0;
        for (var entry : manifest.tensors()) {
            expected += entry.tensor().byteSize();
        }
        if (tensors.size() != expected) {
            long size = tensors.size();
            tensors.close();
            throw new IOException(
                    folder.resolve(TENSORS) + ": " + size + " bytes, expected " + expected);
        }
        return new Checkpoint(
                content.substring(0, Long.BYTES).asReadOnlyByteBuffer().getLong(),
                manifest,
                tensors);
    }

    /** The step that it was taken after. */
    public long step() {
        return step;
    }

    public Manifest manifest() {
        return manifest;
    }

    @Override
    public List<TensorSpec> tensors() {
        return manifest.tensors().stream().map(Manifest.Entry::tensor).toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target) throws IOException {
        var entry = entries.get(name);
        var begin = offsets.get(name);
        if (entry == null || begin == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        long size = entry.tensor().byteSize();
        if (offset < 0 || target.byteSize() > size - offset) {
            throw new IllegalArgumentException(
                    name + ": " + target.byteSize() + " bytes at " + offset + " of " + size);
        }
        for (long done = 0; done < target.byteSize(); ) {
            var part =
                    target.asSlice(done, Math.min(PIECE_BYTES, target.byteSize() - done))
                            .asByteBuffer();
            int count = tensors.read(part, begin + offset + done);
            if (count < 0) {
                throw new IOException("checkpoint: " + name + " ends early");
            }
            done += count;
        }
    }

    @Override
    public void close() {
        try {
            tensors.close();
        } catch (IOException unlikely) {
            throw new java.io.UncheckedIOException(unlikely);
        }
    }
}
