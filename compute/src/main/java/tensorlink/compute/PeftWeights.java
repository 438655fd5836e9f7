package tensorlink.compute;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;

/** What PEFT has saved, under the names of the model. All names begin as PEFT has them begin. */
record PeftWeights(Weights saved) implements Weights {
    static final String PREFIX = "base_model.model.";

    /**
     * Reads a file of PEFT.
     *
     * @throws ModelFormatException when a name in it is none of PEFT's
     */
    static PeftWeights open(Path file) throws IOException {
        var saved = Safetensors.open(file).widened();
        for (var tensor : saved.tensors()) {
            if (!tensor.name().startsWith(PREFIX)) {
                throw new ModelFormatException(
                        file.toString(), tensor.name() + ": does not begin with " + PREFIX);
            }
        }
        return new PeftWeights(saved);
    }

    @Override
    public List<TensorSpec> tensors() {
        return saved.tensors().stream()
                .map(it ->
                        new TensorSpec(
                                it.name().substring(PREFIX.length()), it.dtype(), it.shape()))
                .toList();
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        saved.read(PREFIX + name, offset, target);
    }

    @Override
    public void close() {
        saved.close();
    }
}
