package tensorlink.jobs;

import java.io.IOException;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A parameter that is on a worker. Its values come over the network each time they are asked for.
 */
public final class RemoteParameter {
    private final DistributedModel model;
    private final TensorSpec spec;

    RemoteParameter(DistributedModel model, TensorSpec spec) {
        this.model = model;
        this.spec = spec;
    }

    public String name() {
        return spec.name();
    }

    public DType dtype() {
        return spec.dtype();
    }

    public Shape shape() {
        return spec.shape();
    }

    /** As it is now; the caller owns it. */
    public Tensor value() throws IOException, InterruptedException {
        return model.parameter(spec.name());
    }

    /** What has been accumulated, zeros if nothing; the caller owns it. */
    public Tensor gradient() throws IOException, InterruptedException {
        return model.gradient(spec.name());
    }

    @Override
    public String toString() {
        return spec.name() + " " + spec.dtype() + " " + spec.shape();
    }
}
