package tensorlink.jobs.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Rows;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.DistributedOptimizer;
import tensorlink.jobs.Outputs;

/**
 * A {@link DistributedModel} as a block, alone or among others. It takes token ids [rows, length],
 * or of a layer graph one array [rows, ...] for each of its inputs, and gives what the last stage
 * does, F32. Its parameters are on the workers: as a block it has none.
 *
 * <p>In training its result is a leaf, where a gradient collector leaves the gradient that {@link
 * #step} sends to the workers. So a step is of one batch, the last that was run in training, and
 * comes before the manager of that batch's arrays is closed. Backward ends at the result: what is
 * in front of the block gets no gradient from it.
 *
 * <p>What fails on the way is an {@link UncheckedIOException} with the {@link
 * tensorlink.jobs.job.JobException}; {@link DistributedModel} says when. For one thread at a time,
 * with the model, which stays its owner's to close.
 */
public final class DistributedBlock extends AbstractBlock {
    private static final byte VERSION = 1;

    private final DistributedModel model;
    private @Nullable Run last;

    /** A forward in training, and where its gradient will be. */
    private record Run(Outputs outputs, NDArray result) {}

    public DistributedBlock(DistributedModel model) {
        super(VERSION);
        this.model = model;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> parameters) {
        var rows = rows(inputs);
        return onWorkers(() -> {
            if (!training) {
                model.eval();
                try (var outputs = model.forward(rows)) {
                    return new NDList(array(inputs.head().getManager(), outputs.tensor()));
                }
            }
            forget();
            model.train();
            model.zeroGrad();
            var outputs = model.forward(rows);
            var result = array(inputs.head().getManager(), outputs.tensor());
            result.setRequiresGradient(true);
            last = new Run(outputs, result);
            return new NDList(result);
        });
    }

    private void forget() {
        if (last != null) {
            last.outputs().close();
            last = null;
        }
    }

    /**
     * Sends the gradient of the last batch's result to the workers, and moves their parameters.
     *
     * @return the norm of all their gradients together
     * @throws IllegalStateException when no batch has been run in training since the last step
     */
    public double step(DistributedOptimizer optimizer) {
        var run = last;
        if (run == null) {
            throw new IllegalStateException("a step without a forward in training");
        }
        try (var gradient = tensor(run.result().getGradient())) {
            return onWorkers(() -> {
                run.outputs().backward(gradient);
                return optimizer.step();
            });
        } finally {
            forget();
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        var first = inputShapes[0];
        int length = model.model().architecture().takesTokens() ? Math.toIntExact(first.get(1)) : 1;
        var shape = model.model().architecture().resultShape(Math.toIntExact(first.get(0)), length);
        return new Shape[] {shape(shape)};
    }

    private Rows rows(NDList inputs) {
        int rows = Math.toIntExact(inputs.head().getShape().get(0));
        if (model.model().architecture().takesTokens()) {
            return Tokens.of(tokens(inputs.head(), rows));
        }
        int width = 0;
        for (var input : inputs) {
            if (input.getShape().get(0) != rows) {
                throw new IllegalArgumentException(
                        "inputs of " + rows + " and of " + input.getShape().get(0) + " rows");
            }
            width = Math.addExact(width, Math.toIntExact(input.size() / rows));
        }
        var values = new float[Math.multiplyExact(rows, width)];
        int at = 0;
        for (var input : inputs) {
            int own = Math.toIntExact(input.size() / rows);
            var numbers = floats(input);
            for (int row = 0; row < rows; row++) {
                System.arraycopy(numbers, row * own, values, row * width + at, own);
            }
            at += own;
        }
        return Values.of(width, values);
    }

    private static long[][] tokens(NDArray ids, int rows) {
        try (var wide = ids.toType(DataType.INT64, true)) {
            var all = wide.toLongArray();
            var tokens = new long[rows][all.length / rows];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(all, row * tokens[row].length, tokens[row], 0, tokens[row].length);
            }
            return tokens;
        }
    }

    private static float[] floats(NDArray array) {
        try (var wide = array.toType(DataType.FLOAT32, true)) {
            return wide.toFloatArray();
        }
    }

    private static NDArray array(NDManager manager, Tensor tensor) {
        var values = tensor.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        return manager.create(values, shape(tensor.shape()));
    }

    private static Tensor tensor(NDArray array) {
        var axes = new long[array.getShape().dimension()];
        for (int axis = 0; axis < axes.length; axis++) {
            axes[axis] = array.getShape().get(axis);
        }
        var tensor =
                Tensor.allocate(
                        tensorlink.compute.tensor.DType.F32,
                        tensorlink.compute.tensor.Shape.of(axes));
        tensor.data().copyFrom(MemorySegment.ofArray(floats(array)));
        return tensor;
    }

    private static Shape shape(tensorlink.compute.tensor.Shape shape) {
        return new Shape(shape.axes());
    }

    /** What needs the workers. */
    private interface Work<T> {
        T run() throws IOException, InterruptedException;
    }

    /** The library's methods throw nothing checked. */
    private static <T> T onWorkers(Work<T> work) {
        try {
            return work.run();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", stopped);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
