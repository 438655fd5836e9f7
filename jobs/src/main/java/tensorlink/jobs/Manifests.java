package tensorlink.jobs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import tensorlink.compute.Digest;
import tensorlink.compute.Model;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.message.Manifest;

/** Makes the manifest of a model's weights. */
final class Manifests {
    private static final long PIECE_BYTES = 4 << 20;

    private Manifests() {}

    /** Reads all weights that the model's configuration names, once, and hashes them. */
    static Manifest of(Model model) throws IOException, InterruptedException {
        var wanted = new HashSet<String>();
        for (var tensor : model.config().tensors(model.config().allLayers())) {
            wanted.add(tensor.name());
        }
        var entries = new ArrayList<Manifest.Entry>();
        for (var tensor : model.weights().tensors()) {
            if (wanted.contains(tensor.name())) {
                entries.add(new Manifest.Entry(tensor, digest(model.weights(), tensor)));
            }
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
}
