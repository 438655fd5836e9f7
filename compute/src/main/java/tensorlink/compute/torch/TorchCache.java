package tensorlink.compute.torch;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.concurrent.atomic.AtomicBoolean;
import tensorlink.compute.KvCache;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;

/** Keys and values of each layer in turn, each of shape [batch, kvHeads, capacity, headDim]. */
final class TorchCache implements KvCache {
    private final TorchStage stage;
    private final ComputeThread thread;
    private final PtNDManager scope;
    private final PtNDArray[] arrays;
    private final int batch;
    private final int capacity;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile int position;

    TorchCache(
            TorchStage stage,
            ComputeThread thread,
            NativeArrays device,
            ModelConfig config,
            LayerRange layers,
            int batch,
            int capacity) {
        this.stage = stage;
        this.thread = thread;
        this.scope = device.scope();
        this.batch = batch;
        this.capacity = capacity;
        this.arrays = new PtNDArray[2 * layers.size()];
        var shape =
                new Shape(
                        batch,
                        config.attention().keyHeads(),
                        capacity,
                        config.attention().headDim());
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = device.zeros(scope, shape);
        }
    }

    TorchStage stage() {
        return stage;
    }

    PtNDArray[] arrays() {
        return arrays;
    }

    @Override
    public int position() {
        return position;
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public void truncate(int to) {
        if (to < 0 || to > position) {
            throw new IllegalArgumentException("truncate to " + to + " of " + position);
        }
        position = to;
    }

    /** Refuses what has other rows, or more positions than are left. */
    void check(tensorlink.compute.tensor.Shape input) {
        if (closed.get()) {
            throw new IllegalStateException("the cache is closed");
        }
        if (input.axis(0) != batch || input.axis(1) > capacity - position) {
            throw new IllegalArgumentException(
                    "input "
                            + input
                            + ": the cache has "
                            + batch
                            + " rows and room for "
                            + (capacity - position)
                            + " positions");
        }
    }

    void moveTo(int end) {
        position = end;
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            thread.callUninterruptibly(scope::close);
        }
    }
}
