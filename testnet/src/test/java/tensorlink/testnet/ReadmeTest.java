package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.node.Network;
import tensorlink.node.TextData;
import tensorlink.node.UserNode;

/** The README's example is the code between the marks, and it does what is said of it. */
@ResourceLock(Resources.SYSTEM_OUT)
@Timeout(120)
class ReadmeTest {
    private static final Path README = Path.of("../README.md");
    private static final Path SOURCE = Path.of("src/test/java/tensorlink/testnet/ReadmeTest.java");

    /** What a job has unless told otherwise. */
    private static final int MICRO_BATCHES = JobOptions.training().microBatches();

    @TempDir private Path folder;

    @Test
    void the_example_trains_over_two_workers_to_the_bits_of_one_process() throws Exception {
        var path = folder.resolve("in");
        var out = folder.resolve("out");
        Model.initialize(ModelConfig.llama(32, 2, 256, 64), Tokenizer.bytes(), 1).save(path);
        var data = batches();

        try (var engine = TorchEngine.open();
                var local = LocalNetwork.start("readme", 2, 1, engine);
                var alone =
                        LocalRun.open(engine, Model.load(path), 1, StageOptions.forTraining(1))) {
            example(local.network(), path, data, out);
            for (var batch : data) {
                alone.zeroGradients();
                alone.forwardBackward(batch, MICRO_BATCHES);
                alone.step(AdamW.lr(5e-5));
            }

            try (var trained =
                    LocalRun.open(engine, Model.load(out), 1, StageOptions.forInference(1))) {
                assertThat(trained.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
            for (var worker : local.workers()) {
                assertThat(worker.worker().stints()).isEmpty();
            }
        }
    }

    private static void example(Network network, Path path, List<Batch> data, Path out)
            throws IOException, InterruptedException {
        // example
        try (var user = UserNode.join(network)) {
            var model =
                    user.createDistributedModel(Model.load(path), JobOptions.training().workers(2));
            var optimizer = model.optimizer(AdamW.lr(5e-5));
            for (var batch : data) {
                optimizer.zeroGrad();
                var loss = model.forward(batch.inputs(), batch.labels());
                loss.backward();
                optimizer.step();
            }
            System.out.println(user.checkJobStatus(model.job()));
            model.save(out);
        }
        // end
    }

    @Test
    void the_readme_shows_the_example_as_it_is() throws Exception {
        var source = Files.readString(SOURCE);
        var readme = Files.readString(README);

        var example = between(source, "// example\n", "\n        // end").stripIndent().strip();

        assertThat(between(readme, "```java\n", "```").strip()).isEqualTo(example);
    }

    private static List<Batch> batches() {
        var text = TextData.of(Tokenizer.bytes(), "the same words again and again; ".repeat(9));
        return LongStream.rangeClosed(1, 3).mapToObj(step -> text.batch(1, step, 4, 16)).toList();
    }

    private static String between(String text, String start, String end) {
        int from = text.indexOf(start) + start.length();
        return text.substring(from, text.indexOf(end, from));
    }
}
