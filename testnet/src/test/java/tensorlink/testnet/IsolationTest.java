package tensorlink.testnet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
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
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobOptions;
import tensorlink.node.Network;
import tensorlink.node.UserNode;

/** A worker as a stranger meets it: a program whose stages are processes of their own. */
@Timeout(180)
class IsolationTest {
    private static final AdamW RULE = AdamW.lr(1e-2);

    @TempDir private Path folder;

    @Test
    void a_crash_of_a_stage_costs_the_stage_and_the_program_goes_on() throws Exception {
        var name = "isolated";
        var model = Model.initialize(ModelConfig.llama(32, 3, 256, 64), Tokenizer.bytes(), 5);
        try (var starting = launch("validator", "--network", name, "--role", "validator");
                var validator = starting.awaitReady()) {
            var seed = validator.info().fullAddresses().getFirst().toString();
            try (var coming =
                            launch(
                                    "worker",
                                    "--network",
                                    name,
                                    "--role",
                                    "worker",
                                    "--threads",
                                    "1",
                                    "--isolation",
                                    "process",
                                    "--bootstrap",
                                    seed);
                    var worker = coming.awaitReady();
                    var user = UserNode.join(Network.named(name).via(validator.info()));
                    var engine = TorchEngine.open();
                    var alone = LocalRun.open(engine, model, 1, StageOptions.forTraining(1));
                    var running = user.createDistributedModel(model, options())) {
                for (int step = 1; step <= 2; step++) {
                    train(running, step);
                }
                // One computes, and perhaps one waits for the next stage.
                var processes = worker.handle().children().toList();
                processes.forEach(ProcessHandle::destroyForcibly);
                for (int step = 3; step <= 4; step++) {
                    train(running, step);
                }

                for (int step = 1; step <= 4; step++) {
                    alone.zeroGradients();
                    alone.forwardBackward(batch(step), 2);
                    alone.step(RULE);
                }
                assertThat(processes).isNotEmpty();
                assertThat(worker.handle().isAlive()).isTrue();
                assertThat(running.weightsDigest()).isEqualTo(alone.weightsDigest());
                var status = status("worker");
                assertThat(status).contains("stages   each in a process of its own");

                var last = worker.handle().descendants().toList();
                worker.handle().destroyForcibly();
                for (var child : last) {
                    child.onExit().join(); // nobody tells it: its input ends
                }
            }
        }
    }

    private static JobOptions options() {
        return JobOptions.training().workers(1).batch(4, 16).microBatches(2).checkpointEvery(1);
    }

    private NodeProcess.Launched launch(String name, String... arguments) throws Exception {
        return NodeProcess.launch(name, folder.resolve(name), List.of(arguments));
    }

    private List<String> status(String name) throws Exception {
        var home = folder.resolve(name).resolve("home").toString();
        try (var program = Program.run(folder, "status", "--home", home)) {
            return new ArrayList<>(program.lines());
        }
    }

    private static void train(DistributedModel model, long step) throws Exception {
        var optimizer = model.optimizer(RULE);
        optimizer.zeroGrad();
        var batch = batch(step);
        model.forward(batch.inputs(), batch.labels()).backward();
        optimizer.step();
    }

    private static Batch batch(long seed) {
        var random = new SplittableRandom(seed);
        var rows = new long[4][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.longs(16, 0, 256).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }
}
