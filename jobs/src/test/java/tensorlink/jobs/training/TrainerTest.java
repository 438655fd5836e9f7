package tensorlink.jobs.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Task;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.data.ClassifiedTexts;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.data.TextWindows;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.training.TrainerOptions.Length.Epochs;
import tensorlink.jobs.training.TrainerOptions.Length.Steps;
import tensorlink.p2p.core.Scheduler;

/** Runs of a trainer, on workers and in this process. */
@Timeout(120)
class TrainerTest {
    private static final int MICRO_BATCHES = 2;
    private static final Examples.Split<Batch> DATA =
            TextWindows.of("the same words again and again; ".repeat(11), Tokenizer.bytes(), 16)
                    .split(0.2);

    /** 18 examples in steps of 4: five steps an epoch, the last of two examples. */
    private static final TrainerOptions OPTIONS =
            TrainerOptions.of(new Steps(9), 4, step -> AdamW.lr(1e-2 / step)).logEvery(2);

    @TempDir private Path folder;

    private static LocalRun alone() throws Exception {
        return LocalRun.open(Lab.ENGINE, Lab.model(), 1, StageOptions.forTraining(1));
    }

    private static Trainer<Batch> trainer(Trainee<Batch> trainee, TrainerOptions options) {
        return new Trainer<>(trainee, DATA.training(), options, Scheduler.system())
                .evaluating(DATA.heldOut());
    }

    private static Trainer<Batch> trainer(LocalRun run, TrainerOptions options) {
        return trainer(Trainee.of(run, Lab.model(), MICRO_BATCHES), options);
    }

    /** All but times, and the last digits of norms. */
    private static List<Map<String, Double>> reproducible(TrainerState state) {
        var all = new ArrayList<Map<String, Double>>();
        for (var metrics : state.history()) {
            var values = new LinkedHashMap<>(metrics.values());
            values.keySet().removeIf(it -> it.contains("_second") || it.contains("runtime"));
            values.computeIfPresent(Metrics.GRADIENT_NORM, (_, norm) -> (double) norm.floatValue());
            values.put("step", (double) metrics.step());
            values.put("epoch", metrics.epoch());
            all.add(values);
        }
        return all;
    }

    @Test
    void workers_and_one_process_arrive_at_the_same_bits() throws Exception {
        TrainerState here;
        Digest weights;
        try (var run = alone()) {
            here = trainer(run, OPTIONS).train();
            weights = run.weightsDigest();
        }
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var options = JobOptions.training().workers(2).batch(4, 16).microBatches(MICRO_BATCHES);
            try (var model = lab.user().create(Lab.model(), options, JobListener.silent())) {

                var there = trainer(Trainee.of(model), OPTIONS).train();

                assertThat(model.weightsDigest()).isEqualTo(weights);
                assertThat(reproducible(there)).isEqualTo(reproducible(here));
            }
        }
    }

    @Test
    void a_checkpoint_taken_from_workers_goes_on_in_this_process_to_the_bit() throws Exception {
        Digest weights;
        try (var run = alone()) {
            trainer(run, OPTIONS).train();
            weights = run.weightsDigest();
        }
        try (var lab = new Lab(folder.resolve("lab"), Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var options = JobOptions.training().workers(2).batch(4, 16).microBatches(MICRO_BATCHES);
            try (var model = lab.user().create(Lab.model(), options, JobListener.silent())) {
                trainer(Trainee.of(model), OPTIONS.saveEvery(7).evaluateEvery(5))
                        .with(stopAfter(7))
                        .saving(new Checkpoints(folder, 1))
                        .train();
            }
        }

        var checkpoint = Checkpoint.open(folder.resolve("checkpoint-7"));
        try (var state = checkpoint.stageState();
                var run = resumed(checkpoint, 3)) {
            trainer(run, OPTIONS).from(checkpoint.trainerState()).train();

            assertThat(state.step()).isEqualTo(7);
            assertThat(run.weightsDigest()).isEqualTo(weights);
        }
    }

    @Test
    void a_run_whose_user_was_gone_goes_on_from_the_last_step_that_counts() throws Exception {
        Digest weights;
        try (var run = alone()) {
            trainer(run, OPTIONS).train();
            weights = run.weightsDigest();
        }
        try (var lab = new Lab(folder.resolve("lab"), Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var options =
                    JobOptions.training()
                            .workers(2)
                            .batch(4, 16)
                            .microBatches(MICRO_BATCHES)
                            .checkpointEvery(3)
                            .keptIn(folder.resolve("record"));
            var user = lab.user();
            try (var model = user.create(Lab.model(), options, JobListener.silent())) {
                trainer(Trainee.of(model), OPTIONS).with(stopAfter(5)).train();
            }
            try (var model = user.create(Lab.model(), options, JobListener.silent())) {

                var end = trainer(Trainee.of(model), OPTIONS).train();

                assertThat(end.step()).isEqualTo(9);
                assertThat(model.weightsDigest()).isEqualTo(weights);
            }
        }
    }

    private static LocalRun resumed(Checkpoint checkpoint, int stages) throws Exception {
        try (var state = checkpoint.stageState()) {
            return LocalRun.open(
                    Lab.ENGINE, checkpoint.model(), state, stages, StageOptions.forTraining(1));
        }
    }

    private static TrainerCallback stopAfter(long step) {
        return new TrainerCallback() {
            @Override
            public void onStepEnd(TrainerState state, TrainerControl control) {
                if (state.step() == step) {
                    control.stop();
                }
            }
        };
    }

    @Test
    void a_run_goes_on_from_any_checkpoint_as_if_it_had_never_stopped() throws Exception {
        TrainerState never;
        Digest weights;
        try (var run = alone()) {
            never = trainer(run, OPTIONS.saveEvery(1)).saving(new Checkpoints(folder, 100)).train();
            weights = run.weightsDigest();
        }

        for (int step = 1; step < 9; step++) {
            var checkpoint = Checkpoint.open(folder.resolve("checkpoint-" + step));
            checkpoint.requireSame(Trainer.course(DATA.training(), OPTIONS));
            try (var run = resumed(checkpoint, 2)) {
                var end = trainer(run, OPTIONS).from(checkpoint.trainerState()).train();

                assertThat(run.weightsDigest()).as("from step %d", step).isEqualTo(weights);
                var expected = reproducible(never);
                var found = reproducible(end);
                expected.removeLast(); // the mean of all losses of this process
                found.removeLast();
                assertThat(found).as("from step %d", step).isEqualTo(expected);
            }
        }
    }

    @Test
    void a_run_goes_on_with_a_model_that_never_went_away() throws Exception {
        Digest weights;
        try (var run = alone()) {
            trainer(run, OPTIONS).train();
            weights = run.weightsDigest();
        }
        try (var run = alone()) {
            trainer(run, OPTIONS).with(stopAfter(6)).train();

            assertThat(trainer(run, OPTIONS).train().step()).isEqualTo(9);
            assertThat(run.weightsDigest()).isEqualTo(weights);
            assertThatThrownBy(() -> trainer(run, OPTIONS).from(TrainerState.at(5, List.of())))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the model has taken 9 steps, the run 5");
        }
    }

    @Test
    void hooks_come_in_the_order_of_hugging_face() throws Exception {
        var told = new ArrayList<String>();
        try (var run = alone()) {
            new Trainer<>(
                            Trainee.of(run, Lab.model(), 1),
                            DATA.training().subset(0, 1, 2),
                            TrainerOptions.of(new Epochs(2), 2, AdamW.lr(1e-2))
                                    .logEvery(3)
                                    .saveEvery(2),
                            Scheduler.system())
                    .evaluating(DATA.heldOut().subset(0))
                    .saving(new Checkpoints(folder, 1))
                    .with(new Telling(told))
                    .train();
        }

        assertThat(told)
                .containsExactly(
                        "init end 0",
                        "train begin 0",
                        "epoch begin 0",
                        "step begin 0",
                        "pre optimizer step 0",
                        "optimizer step 0",
                        "step end 1",
                        "step begin 1",
                        "pre optimizer step 1",
                        "optimizer step 1",
                        "step end 2",
                        "prediction step 2",
                        "log 2 eval_loss",
                        "evaluate 2",
                        "save 2 checkpoint-2",
                        "epoch end 2",
                        "epoch begin 2",
                        "step begin 2",
                        "pre optimizer step 2",
                        "optimizer step 2",
                        "step end 3",
                        "log 3 loss",
                        "step begin 3",
                        "pre optimizer step 3",
                        "optimizer step 3",
                        "step end 4",
                        "prediction step 4",
                        "log 4 eval_loss",
                        "evaluate 4",
                        "save 4 checkpoint-4",
                        "epoch end 4",
                        "log 4 train_runtime",
                        "train end 4");
    }

    private record Telling(List<String> told) implements TrainerCallback {
        @Override
        public void onInitEnd(TrainerState state, TrainerControl control) {
            told.add("init end " + state.step());
        }

        @Override
        public void onTrainBegin(TrainerState state, TrainerControl control) {
            told.add("train begin " + state.step());
        }

        @Override
        public void onEpochBegin(TrainerState state, TrainerControl control) {
            told.add("epoch begin " + state.step());
        }

        @Override
        public void onStepBegin(TrainerState state, TrainerControl control) {
            told.add("step begin " + state.step());
        }

        @Override
        public void onPreOptimizerStep(TrainerState state, TrainerControl control) {
            told.add("pre optimizer step " + state.step());
        }

        @Override
        public void onOptimizerStep(TrainerState state, TrainerControl control) {
            told.add("optimizer step " + state.step());
        }

        @Override
        public void onStepEnd(TrainerState state, TrainerControl control) {
            told.add("step end " + state.step());
        }

        @Override
        public void onPredictionStep(TrainerState state, TrainerControl control) {
            told.add("prediction step " + state.step());
        }

        @Override
        public void onEvaluate(TrainerState state, TrainerControl control, Metrics metrics) {
            told.add("evaluate " + metrics.step());
        }

        @Override
        public void onLog(TrainerState state, TrainerControl control, Metrics metrics) {
            told.add("log " + metrics.step() + " " + metrics.values().keySet().iterator().next());
        }

        @Override
        public void onSave(TrainerState state, TrainerControl control, Path checkpoint) {
            told.add("save " + state.step() + " " + checkpoint.getFileName());
        }

        @Override
        public void onEpochEnd(TrainerState state, TrainerControl control) {
            told.add("epoch end " + state.step());
        }

        @Override
        public void onTrainEnd(TrainerState state, TrainerControl control) {
            told.add("train end " + state.step());
        }
    }

    @Test
    void a_callback_has_its_wishes_granted_once() throws Exception {
        var told = new ArrayList<String>();
        var wishing =
                new TrainerCallback() {
                    @Override
                    public void onStepEnd(TrainerState state, TrainerControl control) {
                        if (state.step() == 1) {
                            control.log();
                            control.evaluate();
                            control.save();
                        }
                    }
                };
        try (var run = alone()) {
            trainer(run, OPTIONS.logEvery(100).evaluateEvery(100))
                    .saving(new Checkpoints(folder, 1))
                    .with(wishing)
                    .with(stopAfter(3))
                    .with(new Telling(told))
                    .train();
        }

        assertThat(told)
                .filteredOn(it -> it.matches("(log|evaluate|save) .*"))
                .containsExactly(
                        "log 1 loss",
                        "log 1 eval_loss",
                        "evaluate 1",
                        "save 1 checkpoint-1",
                        "log 3 train_runtime");
    }

    @Test
    void a_loss_that_gets_no_better_stops_the_run() throws Exception {
        try (var run = alone()) {
            var end =
                    trainer(
                                    run,
                                    TrainerOptions.of(new Steps(1000), 4, AdamW.lr(0))
                                            .evaluateEvery(2))
                            .with(new EarlyStopping(2, 0))
                            .train();

            assertThat(end.step()).isEqualTo(6); // first, then twice no better
            assertThat(end.best().orElseThrow().step()).isEqualTo(2);
        }
    }

    @Test
    void classified_texts_are_told_apart_and_the_accuracy_says_so() throws Exception {
        var texts = new ArrayList<ClassifiedTexts.Text>();
        for (int i = 0; i < 8; i++) {
            texts.add(new ClassifiedTexts.Text((i % 2 == 0 ? "x" : "y") + i, i % 2));
        }
        var examples =
                new ClassifiedTexts(List.of("even", "odd"), texts).toContinue(Tokenizer.bytes(), 8);
        try (var run = alone()) {
            var end =
                    new Trainer<>(
                                    Trainee.of(run, Lab.model(), 2),
                                    examples,
                                    TrainerOptions.of(new Epochs(20), 4, AdamW.lr(1e-2)),
                                    Scheduler.system())
                            .evaluating(examples)
                            .train();

            var accuracies = new ArrayList<Double>();
            for (var metrics : end.history()) {
                metrics.value(Metrics.EVAL_ACCURACY).ifPresent(accuracies::add);
            }
            assertThat(accuracies).hasSize(20);
            assertThat(accuracies.getLast()).isEqualTo(1.0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta", "distilbert"})
    void a_classifier_learns_over_two_workers_to_the_bits_of_one_process(String family)
            throws Exception {
        var encoder = Lab.encoder(family);
        var texts = new ArrayList<ClassifiedTexts.Text>();
        for (int i = 0; i < 16; i++) {
            texts.add(new ClassifiedTexts.Text("no" + (i % 2 == 0 ? "!$" : " ").repeat(i), i % 2));
        }
        var examples =
                new ClassifiedTexts(List.of("spam", "ham"), texts)
                        .toClassify(
                                Tokenizer.bytes(),
                                24,
                                (Task.Classification) encoder.config().task());
        var options = TrainerOptions.of(new Epochs(4), 8, AdamW.lr(3e-3));
        TrainerState here;
        Digest weights;
        try (var run = LocalRun.open(Lab.ENGINE, encoder, 1, StageOptions.forTraining(1))) {
            var trainee = Trainee.of(run, encoder, MICRO_BATCHES);
            here =
                    new Trainer<>(trainee, examples, options, Scheduler.system())
                            .evaluating(examples)
                            .train();
            weights = run.weightsDigest();
        }
        try (var lab = new Lab(folder, Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var job = JobOptions.training().workers(2).batch(8, 24).microBatches(MICRO_BATCHES);
            try (var model = lab.user().create(encoder, job, JobListener.silent())) {

                var there =
                        new Trainer<>(Trainee.of(model), examples, options, Scheduler.system())
                                .evaluating(examples)
                                .train();

                assertThat(model.weightsDigest()).isEqualTo(weights);
                assertThat(reproducible(there)).isEqualTo(reproducible(here));
                var best = there.best().orElseThrow();
                assertThat(best.value(Metrics.EVAL_ACCURACY)).hasValue(1.0);
                assertThat(best.value(Metrics.EVAL_F1)).hasValue(1.0);
            }
        }
    }

    @Test
    void a_run_needs_examples() throws IOException {
        var trainee = new LinearImages(4, 2);
        var none = LinearImages.examples(4).subset();

        assertThatThrownBy(() ->
                        new Trainer<>(
                                trainee,
                                none,
                                TrainerOptions.of(new Steps(1), 1, AdamW.lr(1)),
                                Scheduler.system()))
                .hasMessage("no example to learn from");
    }

    @Test
    void images_are_learnt_from_each_once_in_an_epoch() throws Exception {
        var trainee = new LinearImages(4, 2);
        var examples = LinearImages.examples(10);

        var end =
                new Trainer<>(
                                trainee,
                                examples,
                                TrainerOptions.of(new Epochs(30), 4, AdamW.lr(0.5)),
                                Scheduler.system())
                        .evaluating(examples)
                        .train();

        assertThat(end.step()).isEqualTo(90);
        assertThat(end.epoch()).isEqualTo(30);
        assertThat(trainee.seen()).hasSize(300);
        for (int epoch = 0; epoch < 30; epoch++) {
            assertThat(trainee.seen().subList(epoch * 10, epoch * 10 + 10)).doesNotHaveDuplicates();
        }
        assertThat(trainee.seen().subList(0, 10)).isNotEqualTo(trainee.seen().subList(10, 20));
        assertThat(end.best().orElseThrow().value(Metrics.EVAL_ACCURACY)).hasValue(1.0);
    }

    @Test
    void a_layer_graph_learns_images_and_is_judged_by_the_classes_it_chooses() throws Exception {
        var graph = LayerGraph.builder();
        graph.linear("head", graph.flatten("flat", graph.input("image", 1, 2, 2)), 2);
        var model = Model.initialize(graph.build(GraphLoss.CROSS_ENTROPY), 1);
        var examples = LinearImages.examples(10);
        try (var run = LocalRun.open(Lab.ENGINE, model, 2, StageOptions.forTraining(1))) {

            var end =
                    new Trainer<>(
                                    Trainee.of(run, model, 2),
                                    examples,
                                    TrainerOptions.of(new Epochs(30), 4, AdamW.lr(0.1)),
                                    Scheduler.system())
                            .evaluating(examples)
                            .train();

            assertThat(end.best().orElseThrow().value(Metrics.EVAL_ACCURACY)).hasValue(1.0);
        }
    }
}
