package tensorlink.jobs.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Digest;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.data.Shuffle;
import tensorlink.p2p.core.Scheduler;

/**
 * Trains a model on examples: shuffles, steps, logs, evaluates, saves.
 *
 * <pre>{@code
 * var split = TextWindows.read(files, tokenizer, 128).split(0.1);
 * var options = TrainerOptions.of(new Length.Epochs(3), 8, AdamW.lr(1e-3));
 * var end = new Trainer<>(Trainee.of(model), split.training(), options, scheduler)
 *         .evaluating(split.heldOut())
 *         .with(new EarlyStopping(3, 0))
 *         .train();
 * }</pre>
 *
 * <p>Step {@code s} of a run learns from examples that depend on the seed and {@code s} alone: the
 * rows of epoch {@code (s - 1) / stepsOfEpoch}, in that epoch's order. So a run goes on after the
 * last step that counts, whether the model came back from a {@link Checkpoint} or never went away,
 * and arrives at the bits of a run that was not interrupted. For one thread.
 *
 * @param <B> what the model learns from in one step
 */
public final class Trainer<B> {
    private final Trainee<B> trainee;
    private final Examples<B> training;
    private final TrainerOptions options;
    private final Scheduler scheduler;
    private final TrainerControl control = new TrainerControl();
    private final List<TrainerCallback> callbacks = new ArrayList<>();
    private @Nullable Examples<B> heldOut;
    private @Nullable Checkpoints checkpoints;
    private TrainerState state = TrainerState.initial();

    /**
     * @param training at least one example
     * @param scheduler whose clock runtimes are measured by; nothing else depends on it
     */
    public Trainer(
            Trainee<B> trainee, Examples<B> training, TrainerOptions options, Scheduler scheduler) {
        if (training.size() == 0) {
            throw new IllegalArgumentException("no example to learn from");
        }
        this.trainee = trainee;
        this.training = training;
        this.options = options;
        this.scheduler = scheduler;
    }

    /** Evaluates by these, at least one, in their order. */
    public Trainer<B> evaluating(Examples<B> examples) {
        if (examples.size() == 0) {
            throw new IllegalArgumentException("no example to judge by");
        }
        heldOut = examples;
        return this;
    }

    /** Has a callback called, after those that came before it. */
    public Trainer<B> with(TrainerCallback callback) {
        callbacks.add(callback);
        return this;
    }

    /** Saves checkpoints there. */
    public Trainer<B> saving(Checkpoints folder) {
        checkpoints = folder;
        return this;
    }

    /**
     * Goes on from where a run was whose model is at hand as it was then.
     *
     * @throws IllegalArgumentException when the model is at another step
     */
    public Trainer<B> from(TrainerState earlier) {
        if (earlier.step() != trainee.steps()) {
            throw new IllegalArgumentException(
                    "the model has taken " + trainee.steps() + " steps, the run " + earlier.step());
        }
        state = earlier;
        return this;
    }

    /**
     * What a run must have in common with the one that it goes on from: otherwise its examples
     * would be others.
     */
    public static Course course(Examples<?> training, TrainerOptions options) {
        return new Course(options.seed(), options.rows(), training.digest());
    }

    /**
     * Names the examples of every step.
     *
     * @param seed of their order
     * @param rows of a step
     * @param examples {@link Examples#digest}
     */
    public record Course(long seed, int rows, Digest examples) {}

    /** One hook of one callback. */
    private interface Hook {
        void call(TrainerCallback callback) throws IOException, InterruptedException;
    }

    private void all(Hook hook) throws IOException, InterruptedException {
        for (var callback : callbacks) {
            hook.call(callback);
        }
    }

    /**
     * Trains to the end, or until a callback stops it.
     *
     * @return how far it came
     * @throws IllegalArgumentException when a step would have fewer rows than replicas can share
     */
    public TrainerState train() throws IOException, InterruptedException {
        long stepsOfEpoch = (training.size() + options.rows() - 1L) / options.rows();
        long end = options.length().steps(stepsOfEpoch);
        requireRows(options.rows());
        requireRows(end < stepsOfEpoch ? 0 : training.size() % options.rows());
        if (state.step() == 0 && trainee.steps() > 0) {
            state = TrainerState.at(trainee.steps(), List.of());
        }
        long before = state.step();
        long begun = scheduler.nanoTime();
        var losses = new Mean();
        state = state.lasting(end, epochAt(before, stepsOfEpoch));
        all(it -> it.onInitEnd(state, control));
        all(it -> it.onTrainBegin(state, control));
        int[] order = {};
        while (state.step() < end && !control.isStopped()) {
            int at = (int) (state.step() % stepsOfEpoch);
            if (at == 0 || order.length == 0) {
                order =
                        new Shuffle(options.seed())
                                .order(training.size(), state.step() / stepsOfEpoch);
                all(it -> it.onEpochBegin(state, control));
            }
            int first = at * options.rows();
            step(
                    Arrays.copyOfRange(
                            order, first, Math.min(first + options.rows(), order.length)),
                    stepsOfEpoch,
                    losses);
            boolean epochEnds = state.step() % stepsOfEpoch == 0;
            finishStep(epochEnds, state.step() == end);
            if (epochEnds) {
                all(it -> it.onEpochEnd(state, control));
            }
        }
        if (state.step() > before) {
            log(summary(state.step() - before, seconds(begun), losses.value()));
        }
        all(it -> it.onTrainEnd(state, control));
        return state;
    }

    /**
     * @param rows of a step, or 0 for none
     */
    private void requireRows(int rows) {
        if (rows > 0 && rows < trainee.rowsMin()) {
            throw new IllegalArgumentException(
                    "rows of a step "
                            + rows
                            + " ("
                            + training.size()
                            + " examples, "
                            + options.rows()
                            + " a step), at least "
                            + trainee.rowsMin()
                            + ": one for each replica");
        }
    }

    private void step(int[] picked, long stepsOfEpoch, Mean losses)
            throws IOException, InterruptedException {
        all(it -> it.onStepBegin(state, control));
        trainee.backward(training.batch(picked));
        all(it -> it.onPreOptimizerStep(state, control));
        var rule = options.rule().apply(state.step() + 1);
        var stepped = trainee.step(rule, options.maxNorm());
        all(it -> it.onOptimizerStep(state, control));
        losses.add(stepped.loss(), 1);
        state = state.stepped(stepped.loss(), epochAt(state.step() + 1, stepsOfEpoch));
        all(it -> it.onStepEnd(state, control));
        if (control.takeLog(state.step() % options.logEvery() == 0)) {
            var values = new LinkedHashMap<String, Double>();
            values.put(Metrics.LOSS, state.lossSum() / state.lossCount());
            values.put(Metrics.GRADIENT_NORM, stepped.gradientNorm());
            values.put(Metrics.LEARNING_RATE, rule.learningRate());
            log(values);
        }
    }

    /** Evaluates and saves what is due; after the last step both, if ever. */
    private void finishStep(boolean epochEnds, boolean last)
            throws IOException, InterruptedException {
        boolean due =
                options.evaluateEvery() == 0
                        ? epochEnds
                        : state.step() % options.evaluateEvery() == 0;
        var examples = heldOut;
        if (examples != null && control.takeEvaluate(due || last)) {
            var metrics = log(evaluate(examples));
            all(it -> it.onEvaluate(state, control, metrics));
        }
        last |= control.isStopped();
        boolean saving = options.saveEvery() > 0;
        var folder = checkpoints;
        if (folder != null
                && control.takeSave(saving && (last || state.step() % options.saveEvery() == 0))) {
            var course = course(training, options);
            trainee.readState(held -> folder.write(trainee.model(), held, state, course));
            var saved = folder.keep(state.step());
            all(it -> it.onSave(state, control, saved));
        }
    }

    private Map<String, Double> evaluate(Examples<B> examples)
            throws IOException, InterruptedException {
        long begun = scheduler.nanoTime();
        var loss = new Mean();
        var answers = new ArrayList<Trainee.Answer>();
        long batches = 0;
        for (int first = 0; first < examples.size(); first += options.rows()) {
            var picked = new int[Math.min(options.rows(), examples.size() - first)];
            int from = first;
            Arrays.setAll(picked, i -> from + i);
            var evaluation = trainee.evaluate(examples.batch(picked));
            loss.add(evaluation.loss(), picked.length);
            answers.addAll(evaluation.answers());
            batches++;
            all(it -> it.onPredictionStep(state, control));
        }
        double seconds = seconds(begun);
        var values = new LinkedHashMap<String, Double>();
        values.put(Metrics.EVAL_LOSS, loss.value());
        if (!answers.isEmpty()) {
            var judgement = new Judgement(answers);
            values.put(Metrics.EVAL_ACCURACY, judgement.accuracy());
            values.put(Metrics.EVAL_F1, judgement.f1());
        }
        values.put("eval_runtime", seconds);
        values.put("eval_samples_per_second", examples.size() / seconds);
        values.put("eval_steps_per_second", batches / seconds);
        return values;
    }

    private Map<String, Double> summary(long steps, double seconds, double loss) {
        var values = new LinkedHashMap<String, Double>();
        double samples = steps * (double) options.rows();
        values.put("train_runtime", seconds);
        values.put("train_samples_per_second", samples / seconds);
        values.put("train_steps_per_second", steps / seconds);
        if (training.tokensOfEach() > 0) {
            values.put("train_tokens_per_second", samples * training.tokensOfEach() / seconds);
        }
        values.put("train_loss", loss);
        return values;
    }

    private Metrics log(Map<String, Double> values) throws IOException, InterruptedException {
        var metrics = new Metrics(state.step(), state.epoch(), values);
        state = state.logged(metrics);
        all(it -> it.onLog(state, control, metrics));
        return metrics;
    }

    private static double epochAt(long step, long stepsOfEpoch) {
        return step / (double) stepsOfEpoch;
    }

    private double seconds(long begun) {
        return Math.max(1, scheduler.nanoTime() - begun) / 1e9;
    }

    /** A weighted mean. */
    private static final class Mean {
        private double sum;
        private double weight;

        void add(double value, int times) {
            sum += value * times;
            weight += times;
        }

        double value() {
            return sum / weight;
        }
    }
}
