package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobState;
import tensorlink.ledger.Amount;

/** Networks over real sockets: found, recruited, trained, paid and freed. */
class NetworkTest {
    private static Engine engine;

    @TempDir private Path folder;

    @BeforeAll
    static void open() throws Exception {
        engine = TorchEngine.open();
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    @Test
    void a_paid_job_trains_as_one_process_does_and_is_settled() throws Exception {
        var model = model();
        var plan =
                new LocalNetwork.Plan(
                        List.of(1L << 30, 1L << 30), 1, 3, 10_000_000, JobLimits.defaults());
        try (var network = LocalNetwork.start("paid", plan, engine);
                var alone = LocalRun.open(engine, model, 1, StageOptions.forTraining(1))) {
            var options =
                    JobOptions.training()
                            .workers(2)
                            .batch(4, 16)
                            .microBatches(2)
                            .maxPrice(Amount.of(1_000_000));
            var distributed = network.user().createDistributedModel(model, options);
            try (distributed) {
                var optimizer = distributed.optimizer(AdamW.lr(1e-2));
                for (int step = 1; step <= 5; step++) {
                    var batch = batch(step);
                    optimizer.zeroGrad();
                    var loss = distributed.forward(batch.inputs(), batch.labels());
                    loss.backward();
                    optimizer.step();
                    alone.zeroGradients();

                    assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
                    alone.step(AdamW.lr(1e-2));
                }
                assertThat(distributed.weightsDigest()).isEqualTo(alone.weightsDigest());
                distributed.save(folder);
            }

            var report = network.user().checkJobStatus(distributed.job());
            assertThat(report.state()).isEqualTo(new JobState.Completed());
            var ledger = network.validator().node().ledger().orElseThrow();
            for (var stage : report.stages()) {
                assertThat(stage.units()).isEqualTo(5L * 4 * 16 * 3 * stage.layers().size());
                assertThat(stage.paid()).isEqualTo(Amount.of(3 * stage.units()));
                assertThat(ledger.redeemed(network.user().node().account(), stage.account()))
                        .isEqualTo(stage.paid());
            }
            assertThat(ledger.job(distributed.job().word()).orElseThrow().isOpen()).isFalse();
            for (var worker : network.workers()) {
                assertThat(worker.worker().capability().freeBytes()).isEqualTo(1L << 30);
                assertThat(worker.worker().stints()).isEmpty();
            }
            try (var saved =
                    LocalRun.open(engine, Model.load(folder), 1, StageOptions.forInference(1))) {
                assertThat(saved.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
        }
    }

    private static Model model() {
        return Model.initialize(ModelConfig.llama(32, 3, 256, 64), Tokenizer.bytes(), 5);
    }

    private static Batch batch(int step) {
        var random = new SplittableRandom(step);
        var rows = new long[4][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.longs(16, 0, 256).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }
}
