package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tensorlink.compute.Batch;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.training.Checkpoints;
import tensorlink.jobs.training.EarlyStopping;
import tensorlink.jobs.training.EventFile;
import tensorlink.jobs.training.MetricsLog;
import tensorlink.jobs.training.Trainee;
import tensorlink.jobs.training.Trainer;
import tensorlink.jobs.training.TrainerCallback;
import tensorlink.jobs.training.TrainerOptions;
import tensorlink.jobs.training.TrainerState;
import tensorlink.p2p.core.Scheduler;

/** The flags that say how a run goes, and what is kept of it. */
final class TrainingRunFlags {
    private static final int STEPS_PRESET = 100;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "optimizer steps; " + STEPS_PRESET + " unless --epochs is given")
    private @Nullable Integer steps;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "how often each sequence is learnt from, instead of --steps")
    private @Nullable Integer epochs;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "8",
            description = "sequences of a batch")
    private int rows;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "of fresh weights and of the order of sequences")
    private long seed;

    @Option(
            names = "--run",
            paramLabel = "FOLDER",
            description =
                    "keep metrics.jsonl, an event file for TensorBoard and checkpoints there; see"
                            + " `train plot`")
    private @Nullable Path run;

    @Option(
            names = "--log-every",
            paramLabel = "N",
            defaultValue = "10",
            description = "steps between two losses in metrics.jsonl")
    private int logEvery;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "steps between two judgements by what is held out; 0 for after each epoch; one"
                            + " comes at the end")
    private int evaluateEvery;

    @Option(
            names = "--eval-batches",
            paramLabel = "N",
            defaultValue = "4",
            description = "batches of what is held out to judge by, evenly spread; 0 for all")
    private int evaluationBatches;

    @Option(
            names = "--early-stop",
            paramLabel = "N",
            defaultValue = "0",
            description = "stop when so many judgements in a row are no better; 0 for never")
    private int earlyStop;

    @Option(
            names = "--save-every",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "steps between two checkpoints of model and optimizer in the folder of --run; 0"
                            + " for none")
    private int saveEvery;

    @Option(
            names = "--keep",
            paramLabel = "N",
            defaultValue = "3",
            description = "newest checkpoints that stay")
    private int keep;

    int rows() {
        return rows;
    }

    long seed() {
        return seed;
    }

    /**
     * @param resuming whether the run may have files already
     */
    void requireSense(boolean resuming) {
        if (steps != null && epochs != null) {
            throw new UsageException("name either --steps or --epochs");
        }
        UsageException.requireRange("--steps", steps == null ? 1 : steps, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--epochs", epochs == null ? 1 : epochs, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--rows", rows, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--log-every", logEvery, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--eval-every", evaluateEvery, 0, Integer.MAX_VALUE);
        UsageException.requireRange("--eval-batches", evaluationBatches, 0, Integer.MAX_VALUE);
        UsageException.requireRange("--early-stop", earlyStop, 0, Integer.MAX_VALUE);
        UsageException.requireRange("--save-every", saveEvery, 0, Integer.MAX_VALUE);
        UsageException.requireRange("--keep", keep, 1, Integer.MAX_VALUE);
        if (saveEvery > 0 && run == null) {
            throw new UsageException("--save-every needs a folder: --run FOLDER");
        }
        if (run != null && !resuming && Files.exists(run.resolve(MetricsLog.NAME))) {
            throw new UsageException(
                    "--run "
                            + run
                            + ": holds another run\n  try: another folder, or remove this one");
        }
    }

    /** What of the held out part is judged by; all of it is held out all the same. */
    private Examples<Batch> judgedBy(Examples<Batch> heldOut) {
        long count = (long) evaluationBatches * rows;
        return count == 0 || count >= heldOut.size() ? heldOut : heldOut.evenly((int) count);
    }

    void requireSense(Examples.Split<Batch> data) {
        if (earlyStop > 0 && data.heldOut().size() == 0) {
            throw new UsageException("--early-stop judges by what is held out: --held-out SHARE");
        }
    }

    /** How many steps there will be, unless the run stops early. */
    long steps(Examples.Split<Batch> data) {
        return length().steps((data.training().size() + rows - 1L) / rows);
    }

    private TrainerOptions.Length length() {
        return epochs == null
                ? new TrainerOptions.Length.Steps(steps == null ? STEPS_PRESET : steps)
                : new TrainerOptions.Length.Epochs(epochs);
    }

    private TrainerOptions options(Examples.Split<Batch> data, TrainingFlags how) {
        return TrainerOptions.of(length(), rows, how.rule(steps(data)))
                .clipNorm(how.largestNorm())
                .seed(seed)
                .logEvery(logEvery)
                .evaluateEvery(evaluateEvery)
                .saveEvery(saveEvery);
    }

    /** What a checkpoint must have in common with this run. */
    Trainer.Course course(Examples.Split<Batch> data, TrainingFlags how) {
        return Trainer.course(data.training(), options(data, how));
    }

    /** How far a run is whose model has taken {@code steps}, by what was logged of them. */
    TrainerState stateAt(long steps) throws IOException {
        var file = run == null ? null : run.resolve(MetricsLog.NAME);
        if (steps == 0 || file == null || !Files.exists(file)) {
            return TrainerState.at(steps, List.of());
        }
        return TrainerState.at(
                steps, MetricsLog.read(file).stream().filter(it -> it.step() <= steps).toList());
    }

    /**
     * Trains, and keeps of it what was asked for.
     *
     * @param from how far the run is
     */
    TrainerState train(
            Trainee<Batch> trainee,
            TrainerState from,
            Examples.Split<Batch> data,
            TrainingFlags how,
            TrainerCallback following)
            throws IOException, InterruptedException {
        var options = options(data, how);
        var scheduler = Scheduler.system();
        var trainer = new Trainer<>(trainee, data.training(), options, scheduler).from(from);
        if (data.heldOut().size() > 0) {
            trainer.evaluating(judgedBy(data.heldOut()));
        }
        if (earlyStop > 0) {
            trainer.with(new EarlyStopping(earlyStop, 0));
        }
        trainer.with(following);
        if (run == null) {
            return trainer.train();
        }
        Files.createDirectories(run);
        try (var metrics = new MetricsLog(run.resolve(MetricsLog.NAME));
                var events = new EventFile(run, scheduler)) {
            trainer.with(metrics).with(events).saving(new Checkpoints(run, keep));
            return trainer.train();
        }
    }
}
