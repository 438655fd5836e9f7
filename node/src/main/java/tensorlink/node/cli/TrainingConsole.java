package tensorlink.node.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.training.Metrics;
import tensorlink.jobs.training.TrainerCallback;
import tensorlink.jobs.training.TrainerControl;
import tensorlink.jobs.training.TrainerState;
import tensorlink.p2p.core.Scheduler;

/** Shows a run as it goes. */
public final class TrainingConsole implements TrainerCallback, AutoCloseable {
    private final Output output;
    private final TrainingProgress progress;
    private final Pace pace;
    private final Supplier<List<JobReport.StageReport>> stages;
    private float firstLoss;
    private boolean begun;

    /**
     * @param steps how many there will be
     * @param stages of the job that trains; none when there is no job
     */
    public TrainingConsole(
            Output output, long steps, Pace pace, Supplier<List<JobReport.StageReport>> stages) {
        this.output = output;
        this.progress = new TrainingProgress(output, Scheduler.system(), steps, pace);
        this.pace = pace;
        this.stages = stages;
    }

    /** The loss of the first step seen. */
    float firstLoss() {
        return firstLoss;
    }

    Pace pace() {
        return pace;
    }

    /** In the unit of {@link #pace}. */
    double perSecond() {
        return progress.perSecond();
    }

    @Override
    public void onStepEnd(TrainerState state, TrainerControl control) {
        if (!begun) {
            begun = true;
            firstLoss = state.loss();
        }
        progress.step(state.step(), state.loss(), stages.get());
    }

    @Override
    public void onEvaluate(TrainerState state, TrainerControl control, Metrics metrics) {
        progress.note("step " + state.step() + "  held out " + judged(metrics));
        tell("evaluation", metrics);
    }

    /** Loss, and accuracy where there is one. */
    static String judged(Metrics metrics) {
        var loss =
                String.format(
                        Locale.ROOT, "%.4f", metrics.value(Metrics.EVAL_LOSS).orElse(Double.NaN));
        var accuracy = metrics.value(Metrics.EVAL_ACCURACY);
        return accuracy.isEmpty()
                ? loss
                : loss
                        + String.format(
                                Locale.ROOT,
                                ", %.1f %% right, F1 %.3f",
                                100 * accuracy.getAsDouble(),
                                metrics.value(Metrics.EVAL_F1).orElse(Double.NaN));
    }

    private void tell(String name, Metrics metrics) {
        if (output.progress()) {
            var event = new LinkedHashMap<String, Object>();
            event.put("event", name);
            event.put("step", metrics.step());
            event.put("epoch", metrics.epoch());
            event.putAll(metrics.values());
            output.tell(event);
        }
    }

    @Override
    public void onSave(TrainerState state, TrainerControl control, Path checkpoint) {
        progress.note("step " + state.step() + "  saved to " + checkpoint);
        if (output.progress()) {
            var event = new LinkedHashMap<String, Object>();
            event.put("event", "checkpoint");
            event.put("step", state.step());
            event.put("folder", checkpoint.toString());
            output.tell(event);
        }
    }

    @Override
    public void close() {
        progress.close();
    }
}
