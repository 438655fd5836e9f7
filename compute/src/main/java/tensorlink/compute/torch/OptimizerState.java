package tensorlink.compute.torch;

import ai.djl.ndarray.types.DataType;
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
import tensorlink.compute.StageState;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What the optimizer remembers of a stage's parameters: per slot one array for each parameter that
 * has it, and the number of steps they stand for. Made when a rule that needs it is first applied,
 * so a stage that is not trained has none. For the stage's compute thread.
 */
final class OptimizerState {
    private final OperatorModule operators;
    private final PtNDManager home;
    private final List<TensorSpec> parameters;
    private final Map<StateSlot, PtNDArray[]> slots = new EnumMap<>(StateSlot.class);
    private @Nullable PtNDManager memory;
    private long steps;

    OptimizerState(OperatorModule operators, PtNDManager home, List<TensorSpec> parameters) {
        this.operators = operators;
        this.home = home;
        this.parameters = parameters;
    }

    /** Moves {@code values} by {@code gradients}, both in the order of the parameters. */
    void apply(Optimizer rule, PtNDArray[] values, PtNDArray[] gradients) {
        if (!slots.keySet().equals(held(rule.slots()))) {
            begin(rule.slots(), 0);
        }
        steps++;
        switch (rule) {
            case AdamW adamW -> apply(adamW, values, gradients);
        }
    }

    private void apply(AdamW rule, PtNDArray[] values, PtNDArray[] gradients) {
        operators
                .call(
                        "adamw",
                        values,
                        gradients,
                        slot(StateSlot.EXP_AVG),
                        slot(StateSlot.EXP_AVG_SQ),
                        steps,
                        rule.learningRate(),
                        rule.beta1(),
                        rule.beta2(),
                        rule.weightDecay(),
                        rule.epsilon())
                .close();
    }

    private PtNDArray[] slot(StateSlot slot) {
        return slots.getOrDefault(slot, new PtNDArray[0]);
    }

    /** Those of {@code wanted} that some parameter has. */
    private Set<StateSlot> held(Set<StateSlot> wanted) {
        var held = EnumSet.noneOf(StateSlot.class);
        for (var slot : wanted) {
            if (!StageState.slotSpecs(slot, parameters).isEmpty()) {
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
        memory = NativeArrays.scope(home);
        for (var slot : held(wanted)) {
            var arrays = new ArrayList<PtNDArray>();
            for (var spec : StageState.slotSpecs(slot, parameters)) {
                var shape = NativeArrays.shape(spec.shape());
                arrays.add((PtNDArray) memory.zeros(shape, DataType.FLOAT32));
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
            var specs = StageState.slotSpecs(slot, parameters);
            for (int i = 0; i < own.length; i++) {
                arrays.put(specs.get(i), own[i]);
            }
        });
        return arrays;
    }
}
