package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;

/** The ends of a model in a user's process, over real sockets. */
@Timeout(120)
class OwnNodesTest {
    @TempDir private Path folder;

    @Test
    void a_user_who_only_dials_keeps_both_ends_of_a_model() throws Exception {
        var config = ModelConfig.llama(64, 4, 256, 64);
        var start = Model.initialize(config, Tokenizer.bytes(), 1);
        var batch = Batch.of(Tokens.of(new long[][] {{1, 2, 3, 4}, {5, 6, 7, 8}}));
        var rule = AdamW.lr(1e-2);
        try (var validator =
                        ValidatorNode.start(
                                Network.named("lab"),
                                Home.at(folder.resolve("validator")),
                                ValidatorNode.Options.free());
                var worker =
                        WorkerNode.start(
                                Network.named("lab").via(validator.node().info()),
                                Home.at(folder.resolve("worker")),
                                WorkerNode.Options.lend(256 << 20));
                var user =
                        UserNode.join(
                                Network.named("lab").via(validator.node().info()),
                                Home.at(folder.resolve("user")));
                var engine = TorchEngine.open();
                var alone = LocalRun.open(engine, start, 1, StageOptions.forTraining(1))) {
            var options = JobOptions.training().workers(1).batch(2, 4).microBatches(2).here(1, 1);

            try (var model = user.createDistributedModel(start, options)) {
                var optimizer = model.optimizer(rule);
                optimizer.zeroGrad();
                var loss = model.forward(batch.inputs(), batch.labels());
                loss.backward();
                optimizer.step();
                alone.zeroGradients();

                assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
                alone.step(rule);
                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertThat(model.plan().workers()).isEqualTo(List.of(worker.node().host().id()));
            }
            try (var left = Files.list(folder.resolve("user").resolve("work").resolve("own"))) {
                assertThat(left).isEmpty();
            }
        }
    }
}
