package tensorlink.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.lab.Faults;
import tensorlink.jobs.lab.Faults.Point;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** Trainings with dropout, two batches a step, beside one process. */
@Timeout(120)
class DropoutTest {
    private static final int STEPS = 4;
    private static final AdamW RULE = AdamW.lr(1e-2);
    private static final TrainingOptions HOW = TrainingOptions.with(RULE).withSeed(9);
    private static final JobOptions OPTIONS =
            JobOptions.training().batch(4, 16).microBatches(2).checkpointEvery(2).how(HOW);

    @TempDir private Path folder;
    private Lab lab;

    /** What a training comes to. */
    private record Result(List<Float> losses, Digest weights) {}

    @BeforeEach
    void open() throws Exception {
        lab = new Lab(folder, Patience.enough());
        lab.validator();
    }

    @AfterEach
    void close() throws IOException {
        lab.assertNothingIsLeft();
        lab.close();
    }

    /** Four layers, all of its values dropped one time in ten, as GPT-2's are. */
    private static Model model() throws Exception {
        var json =
                """
                {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 32,
                 "n_layer": 4, "n_head": 4, "n_positions": 64, "vocab_size": 256,
                 "bos_token_id": 0, "eos_token_id": 0}\
                """;
        var config = ModelConfig.parse("config.json", json.getBytes(UTF_8));
        return Model.initialize(config, Tokenizer.bytes(), 3);
    }

    private static Result undisturbed() throws Exception {
        try (var alone = LocalRun.open(Lab.ENGINE, model(), 1, StageOptions.forTraining(HOW, 1))) {
            var losses = new ArrayList<Float>();
            for (int step = 1; step <= STEPS; step++) {
                alone.zeroGradients();
                losses.add(alone.forwardBackward(Lab.batch(step), 2));
                losses.add(alone.forwardBackward(Lab.batch(step), 2));
                alone.step(RULE);
            }
            return new Result(losses, alone.weightsDigest());
        }
    }

    private static Result train(DistributedModel model) throws Exception {
        var optimizer = model.optimizer(RULE);
        var losses = new ArrayList<Float>();
        for (int step = 1; step <= STEPS; step++) {
            optimizer.zeroGrad();
            for (int i = 0; i < 2; i++) {
                var batch = Lab.batch(step);
                var loss = model.forward(batch.inputs(), batch.labels());
                loss.backward();
                losses.add(loss.value());
            }
            optimizer.step();
        }
        return new Result(losses, model.weightsDigest());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void any_split_drops_what_one_process_does(int workers) throws Exception {
        for (int i = 0; i < workers; i++) {
            lab.worker();
        }
        try (var model =
                lab.user().create(model(), OPTIONS.workers(workers), JobListener.silent())) {
            assertThat(train(model)).isEqualTo(undisturbed());
        }
    }

    @ParameterizedTest
    @CsvSource({"FORWARD, 9", "BACKWARD, 7", "PREPARED, 2"})
    void a_worker_that_is_killed_has_the_same_dropped_again(Point point, int passes)
            throws Exception {
        var faults = new Faults(point, true, passes, 1);
        for (int i = 0; i < 3; i++) {
            lab.worker(faults);
        }
        var recoveries = new ArrayList<Recovered>();
        var listener =
                new JobListener() {
                    @Override
                    public void recovered(Recovered what) {
                        recoveries.add(what);
                    }
                };
        try (var model = lab.user().create(model(), OPTIONS.workers(2), listener)) {
            assertThat(train(model)).isEqualTo(undisturbed());
        }
        assertThat(recoveries).hasSize(1);
    }
}
