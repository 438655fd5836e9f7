package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import tensorlink.compute.Digest;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.wire.WeightMessage;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;

/**
 * The tensors of a model with what their bytes must hash to.
 *
 * @param tensors in the order of the model, names differing
 */
public record Manifest(List<Entry> tensors) {
    public static final int TENSORS_MAX = 100_000;
    public static final int NAME_LENGTH_MAX = 512;

    private static final long PIECE_BYTES = 4 << 20;
    private static final int THREADS_MAX = 16;

    /** A tensor and the SHA-256 of its bytes. */
    public record Entry(TensorSpec tensor, Digest digest) {}

    public Manifest {
        tensors = List.copyOf(tensors);
        if (tensors.size() > TENSORS_MAX) {
            throw new IllegalArgumentException(tensors.size() + " tensors, at most " + TENSORS_MAX);
        }
        var names = new HashSet<String>();
        for (var entry : tensors) {
            var name = entry.tensor().name();
            if (name.isEmpty() || name.length() > NAME_LENGTH_MAX) {
                throw new IllegalArgumentException(
                        "tensor name of " + name.length() + " characters, 1 to " + NAME_LENGTH_MAX);
            }
            if (!names.add(name)) {
                throw new IllegalArgumentException("tensor " + name + " is named twice");
            }
        }
    }

    /** Reads the tensors called {@code wanted}, once each, and hashes them. */
    public static Manifest of(Weights weights, Predicate<String> wanted)
            throws IOException, InterruptedException {
        var entries = new ArrayList<Entry>();
        for (var tensor : weights.tensors()) {
            if (wanted.test(tensor.name())) {
                entries.add(new Entry(tensor, digest(weights, tensor)));
            }
        }
        return new Manifest(entries);
    }

    /**
     * The same by several threads, for a machine whose processors have nothing else to do: values
     * may have to be computed before they are hashed.
     */
    public static Manifest of(Weights weights, Predicate<String> wanted, Scheduler scheduler)
            throws IOException, InterruptedException {
        var tensors = weights.tensors().stream().filter(it -> wanted.test(it.name())).toList();
        var digests = new AtomicReferenceArray<Digest>(tensors.size());
        var next = new AtomicInteger();
        var hashing = new ArrayList<FutureTask<Void>>();
        int threads = Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors());
        for (int thread = 0; thread < threads; thread++) {
            var task =
                    new FutureTask<Void>(() -> {
                        for (int i = next.getAndIncrement();
                                i < tensors.size();
                                i = next.getAndIncrement()) {
                            digests.set(i, digest(weights, tensors.get(i)));
                        }
                        return null;
                    });
            hashing.add(task);
            scheduler.fork("hashing", task);
        }
        try {
            for (var task : hashing) {
                task.get();
            }
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof IOException unread) {
                throw unread;
            }
            throw new IllegalStateException("hashing weights", failed.getCause());
        } finally {
            hashing.forEach(task -> task.cancel(true));
        }
        var entries = new ArrayList<Entry>();
        for (int i = 0; i < tensors.size(); i++) {
            entries.add(new Entry(tensors.get(i), digests.get(i)));
        }
        return new Manifest(entries);
    }

    private static Digest digest(Weights weights, TensorSpec tensor)
            throws IOException, InterruptedException {
        var hash = Digest.sha256();
        try (var arena = Arena.ofConfined()) {
            var piece = arena.allocate(Math.min(PIECE_BYTES, Math.max(1, tensor.byteSize())));
            for (long at = 0; at < tensor.byteSize(); ) {
                var part = piece.asSlice(0, Math.min(PIECE_BYTES, tensor.byteSize() - at));
                weights.read(tensor.name(), at, part);
                Digest.hash(hash, part);
                at += part.byteSize();
            }
        }
        return Digest.ofHash(hash.digest());
    }

    /** Names all of it: the SHA-256 over every tensor's name, type, shape and digest. */
    public Digest digest() {
        var text = new StringBuilder("tensorlink manifest 1\n");
        for (var entry : tensors) {
            text.append(entry.tensor().name())
                    .append('\t')
                    .append(entry.tensor().dtype())
                    .append('\t')
                    .append(entry.tensor().shape())
                    .append('\t')
                    .append(entry.digest().hex())
                    .append('\n');
        }
        return Digest.of(text.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** The entries by name, in order. */
    public Map<String, Entry> byName() {
        var map = new LinkedHashMap<String, Entry>();
        tensors.forEach(entry -> map.put(entry.tensor().name(), entry));
        return map;
    }

    /** The form in which it is kept. */
    public ByteString toBytes() {
        return encode().toByteString();
    }

    /** Reads what {@link #toBytes} wrote. */
    public static Manifest ofBytes(ByteString bytes) throws ProtocolViolation {
        return decode(Fields.parse("manifest", tensorlink.jobs.wire.Manifest.parser(), bytes));
    }

    tensorlink.jobs.wire.Manifest encode() {
        var message = tensorlink.jobs.wire.Manifest.newBuilder();
        for (var entry : tensors) {
            message.addTensors(
                    WeightMessage.newBuilder()
                            .setName(entry.tensor().name())
                            .setDtype(entry.tensor().dtype().name())
                            .addAllShape(entry.tensor().shape().axes())
                            .setDigest(Fields.bytes(entry.digest())));
        }
        return message.build();
    }

    static Manifest decode(tensorlink.jobs.wire.Manifest message) throws ProtocolViolation {
        Fields.atMost("tensors", message.getTensorsCount(), TENSORS_MAX);
        var entries = new ArrayList<Entry>();
        for (var tensor : message.getTensorsList()) {
            var digest = Fields.digest("digest", tensor.getDigest());
            entries.add(
                    Fields.read(
                            "tensor",
                            () ->
                                    new Entry(
                                            new TensorSpec(
                                                    tensor.getName(),
                                                    DType.valueOf(tensor.getDtype()),
                                                    new Shape(tensor.getShapeList())),
                                            digest)));
        }
        return Fields.read("manifest", () -> new Manifest(entries));
    }
}
