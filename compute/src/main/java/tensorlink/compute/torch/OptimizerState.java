package tensorlink.compute.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What the optimizer remembers of a stage's parameters: per slot one array for each parameter that
 * has it, and the number of steps they stand for. Made when a rule that needs it is first applied,
 * so a stage that is not trained has none. For the stage's compute thread.
 */
final class OptimizerState {
    private final OperatorModule operators;
    private final NativeArrays device;
    private final List<TensorSpec> parameters;
    private final Map<StateSlot, PtNDArray[]> slots = new EnumMap<>(StateSlot.class);
    private @Nullable PtNDManager memory;
    private long steps;

    OptimizerState(NativeArrays device, List<TensorSpec> parameters) {
        this.operators = device.operators();
        this.device = device;
        this.parameters = parameters;
    }

    /** Moves {@code values} by {@code gradients}, both in the order of the parameters. */
    void apply(Optimizer rule, PtNDArray[] values, PtNDArray[] gradients) {
        if (!slots.keySet().equals(held(rule.slots()))) {
            begin(rule.slots(), 0);
            fill(rule.initial());
        }
        steps++;
        switch (rule) {
            case Sgd sgd ->
                    operators
                            .call(
                                    "sgd",
                                    values,
                                    gradients,
                                    slot(StateSlot.MOMENTUM_BUFFER),
                                    steps == 1 ? 1L : 0L,
                                    sgd.learningRate(),
                                    sgd.momentum(),
                                    sgd.dampening(),
                                    sgd.weightDecay(),
                                    sgd.nesterov() ? 1L : 0L)
                            .close();
            case Adam adam ->
                    operators
                            .call(
                                    "adam",
                                    values,
                                    gradients,
                                    slot(StateSlot.EXP_AVG),
                                    slot(StateSlot.EXP_AVG_SQ),
                                    slot(StateSlot.MAX_EXP_AVG_SQ),
                                    steps,
                                    adam.learningRate(),
                                    adam.beta1(),
                                    adam.beta2(),
                                    adam.weightDecay(),
                                    adam.epsilon())
                            .close();
            case AdamW adamW ->
                    operators
                            .call(
                                    "adamw",
                                    values,
                                    gradients,
                                    slot(StateSlot.EXP_AVG),
                                    slot(StateSlot.EXP_AVG_SQ),
                                    slot(StateSlot.MAX_EXP_AVG_SQ),
                                    steps,
                                    adamW.learningRate(),
                                    adamW.beta1(),
                                    adamW.beta2(),
                                    adamW.weightDecay(),
                                    adamW.epsilon())
                            .close();
            case Adagrad adagrad ->
                    operators
                            .call(
                                    "adagrad",
                                    values,
                                    gradients,
                                    slot(StateSlot.SUM),
                                    adagrad.learningRate()
                                            / (1 + (steps - 1) * adagrad.learningRateDecay()),
                                    adagrad.weightDecay(),
                                    adagrad.epsilon())
                            .close();
            case RmsProp rmsProp ->
                    operators
                            .call(
                                    "rmsprop",
                                    values,
                                    gradients,
                                    slot(StateSlot.SQUARE_AVG),
                                    slot(StateSlot.GRAD_AVG),
                                    slot(StateSlot.MOMENTUM_BUFFER),
                                    rmsProp.learningRate(),
                                    rmsProp.alpha(),
                                    rmsProp.epsilon(),
                                    rmsProp.weightDecay(),
                                    rmsProp.momentum())
                            .close();
            case Adafactor adafactor ->
                    operators
                            .call(
                                    "adafactor",
                                    values,
                                    gradients,
                                    slot(StateSlot.ROW_VAR),
                                    slot(StateSlot.COL_VAR),
                                    slot(StateSlot.VARIANCE),
                                    Math.min(
                                            adafactor.learningRate(),
                                            1 / Math.sqrt((double) steps)),
                                    StrictMath.pow((double) steps, adafactor.beta2Decay()),
                                    1 - adafactor.learningRate() * adafactor.weightDecay(),
                                    adafactor.epsilon1(),
                                    adafactor.epsilon2(),
                                    adafactor.clipping())
                            .close();
        }
    }

    private void fill(double value) {
        for (var arrays : value == 0 ? List.<PtNDArray[]>of() : slots.values()) {
            operators.call("fill", arrays, value).close();
        }
    }

    private PtNDArray[] slot(StateSlot slot) {
        return slots.getOrDefault(slot, new PtNDArray[0]);
    }

    /** Those of {@code wanted} that some parameter has. */
    private Set<StateSlot> held(Set<StateSlot> wanted) {
        var held = EnumSet.noneOf(StateSlot.class);
        for (var slot : wanted) {
            if (!slot.tensors(parameters).isEmpty()) {
                held.add(slot);
            }
        }
        return held;
    }

    /** Forgets everything; the zeros in the slots of {@code wanted} stand for {@code steps}. */
    void begin(Set<StateSlot> wanted, long steps) {
        slots.clear();
        if (memory != null) {
            memory.close();
        }
        memory = device.scope();
        for (var slot : held(wanted)) {
            var arrays = new ArrayList<PtNDArray>();
            for (var spec : slot.tensors(parameters)) {
                var shape = NativeArrays.shape(spec.shape());
                arrays.add(device.zeros(memory, shape));
            }
            slots.put(slot, arrays.toArray(new PtNDArray[0]));
        }
        this.steps = steps;
    }

    long steps() {
        return steps;
    }

    /** The arrays, by what they are. */
    Map<TensorSpec, PtNDArray> arrays() {
        var arrays = new LinkedHashMap<TensorSpec, PtNDArray>();
        slots.forEach((slot, own) -> {
            var specs = slot.tensors(parameters);
            for (int i = 0; i < own.length; i++) {
                arrays.put(specs.get(i), own[i]);
            }
        });
        return arrays;
    }
}
