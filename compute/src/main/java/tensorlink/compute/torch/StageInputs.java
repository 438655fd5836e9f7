package tensorlink.compute.torch;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.Architecture;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.tensor.Tensor;

/** Refuses what a stage cannot compute, in words, before anything native sees it. */
interface StageInputs {

    static StageInputs of(Architecture architecture, LayerRange layers) {
        return switch (architecture) {
            case ModelConfig config -> new Inputs(config, layers);
            case GraphModel graph -> new GraphInputs(graph, layers);
        };
    }

    /**
     * What the stage is given.
     *
     * @param past how many positions come before those of {@code input}
     */
    void check(Tensor input, int past);

    /** What {@link #check} takes, and a forward for training cannot be computed of. */
    void checkTraining(Tensor input);

    void checkLabels(Tensor input, Tensor labels, long labelCount);

    /** The other stage's part of a tied gradient, where there is one. */
    void checkTied(@Nullable Tensor gradient, boolean needed);
}
