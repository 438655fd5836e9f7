package tensorlink.compute;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.TensorSpec;

/** The tensors that an architecture names, in its order, and no others. */
record OwnTensors(Architecture config, Weights all) implements Weights {

    @Override
    public List<TensorSpec> tensors() {
        return config.tensors(config.allLayers());
    }

    @Override
    public void read(String name, long offset, MemorySegment target)
            throws IOException, InterruptedException {
        all.read(name, offset, target);
    }
}
