package tensorlink.jobs.training;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Follows a run, and may steer it. The hooks have the names and the order of those of Hugging
 * Face's {@code TrainerCallback}; those for sub-steps, prediction and pushes to its hub are not
 * here, as no {@link Trainer} does that. Called by the thread that trains; what a hook throws ends
 * the run.
 */
public interface TrainerCallback {

    default void onInitEnd(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    default void onTrainBegin(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    default void onEpochBegin(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    default void onStepBegin(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    /** The gradients are on their way. */
    default void onPreOptimizerStep(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    /** The parameters have moved; {@code state} has not yet. */
    default void onOptimizerStep(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    default void onStepEnd(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    /** One batch has been judged by. */
    default void onPredictionStep(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    /** Follows {@link #onLog} for the same metrics, as there. */
    default void onEvaluate(TrainerState state, TrainerControl control, Metrics metrics)
            throws IOException, InterruptedException {}

    default void onLog(TrainerState state, TrainerControl control, Metrics metrics)
            throws IOException, InterruptedException {}

    /** A checkpoint is complete. */
    default void onSave(TrainerState state, TrainerControl control, Path checkpoint)
            throws IOException, InterruptedException {}

    default void onEpochEnd(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}

    default void onTrainEnd(TrainerState state, TrainerControl control)
            throws IOException, InterruptedException {}
}
