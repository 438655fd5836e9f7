package tensorlink.compute;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What a stage needs to go on after a step as if it had computed all steps before itself.
 *
 * <p>States of several stages put together serve any other split of the model, since a stage reads
 * only the tensors of its own parameters.
 *
 * @param step how many steps have been applied, 0 or more
 * @param tensors the parameters under their own names; for each slot of the optimizer and each
 *     parameter that has it, a tensor named {@code optimizer.<slot>.<parameter>}, such as {@code
 *     optimizer.exp_avg.model.norm.weight}, of type F32; and {@value #OPTIMIZER_STEPS}, a single
 *     I64, the steps that the optimizer's state stands for. A state without the optimizer's tensors
 *     is one in which it has taken no step
 */
public record StageState(long step, Weights tensors) implements AutoCloseable {
    public static final String OPTIMIZER_STEPS = StateSlot.PREFIX + "steps";

    /** What {@link #OPTIMIZER_STEPS} is. */
    public static final TensorSpec OPTIMIZER_STEPS_SPEC =
            new TensorSpec(OPTIMIZER_STEPS, DType.I64, Shape.of());

    public StageState {
        if (step < 0) {
            throw new IllegalArgumentException("step " + step);
        }
    }

    /** The state before the first step. */
    public static StageState initial(Weights weights) {
        return new StageState(0, weights);
    }

    /** The tensors that are not the optimizer's. */
    public Weights parameters() {
        return new ParametersOnly(tensors);
    }

    /**
     * The slots that are there for {@code parameters}.
     *
     * @throws ModelFormatException when one is there for some and not for others, or is of another
     *     shape or type than it must be
     */
    public Set<StateSlot> slots(List<TensorSpec> parameters) throws ModelFormatException {
        var found = new HashMap<String, TensorSpec>();
        for (var tensor : tensors.tensors()) {
            found.put(tensor.name(), tensor);
        }
        requireSpec(found, OPTIMIZER_STEPS_SPEC, false);
        var slots = EnumSet.noneOf(StateSlot.class);
        for (var slot : StateSlot.values()) {
            var wanted = slot.tensors(parameters);
            for (var spec : wanted) {
                if (found.containsKey(spec.name())) {
                    slots.add(slot);
                }
            }
            for (var spec : slots.contains(slot) ? wanted : List.<TensorSpec>of()) {
                requireSpec(found, spec, true);
            }
        }
        return slots;
    }

    private static void requireSpec(
            Map<String, TensorSpec> found, TensorSpec wanted, boolean required)
            throws ModelFormatException {
        var tensor = found.get(wanted.name());
        if (tensor == null && required) {
            throw new ModelFormatException("state", wanted.name() + " is missing");
        }
        if (tensor != null && !tensor.equals(wanted)) {
            throw new ModelFormatException(
                    "state",
                    wanted.name()
                            + ": expected "
                            + wanted.dtype()
                            + " "
                            + wanted.shape()
                            + ", found "
                            + tensor.dtype()
                            + " "
                            + tensor.shape());
        }
    }

    /** How many steps the optimizer's state stands for. */
    public long optimizerSteps() throws IOException, InterruptedException {
        if (!tensors.tensors().contains(OPTIMIZER_STEPS_SPEC)) {
            return 0;
        }
        var bytes = new byte[Long.BYTES];
        tensors.read(OPTIMIZER_STEPS, 0, MemorySegment.ofArray(bytes));
        long steps = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (steps < 0 || steps > step) {
            throw new ModelFormatException(
                    "state", OPTIMIZER_STEPS + ": " + steps + " after step " + step);
        }
        return steps;
    }

    /** The same state in memory of its own, which {@link #close} frees. */
    public StageState copy() throws IOException, InterruptedException {
        var copies = new LinkedHashMap<String, Tensor>();
        boolean complete = false;
        try {
            for (var spec : tensors.tensors()) {
                var copy = Tensor.allocate(spec.dtype(), spec.shape());
                copies.put(spec.name(), copy);
                tensors.read(spec.name(), 0, copy.data());
            }
            complete = true;
            return new StageState(step, new MemoryWeights(copies));
        } finally {
            if (!complete) {
                copies.values().forEach(Tensor::close);
            }
        }
    }

    @Override
    public void close() {
        tensors.close();
    }

    private record ParametersOnly(Weights all) implements Weights {
        @Override
        public List<TensorSpec> tensors() {
            return all.tensors().stream()
                    .filter(tensor -> !tensor.name().startsWith(StateSlot.PREFIX))
                    .toList();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            all.read(name, offset, target);
        }
    }
}
