package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.child.ChildEngine;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.Home;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.NodeProcess;
import tensorlink.testnet.bench.figures.Sample;

/** What it costs to compute a stage in a process of its own, against the same in this process. */
@Command(
        name = "isolation",
        description = "A stage in a process of its own against one in this process, in turns.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench isolation --rounds 20")
final class BenchIsolation implements Callable<Integer> {
    /** So small that the way is most of it: a stage in the middle that is given 16 KiB. */
    private static final ModelConfig TINY = ModelConfig.llama(32, 3, 256, 128);

    private static final ModelConfig MODEL = ModelConfig.llama(512, 4, 256, 128);
    private static final int ROWS = 4;
    private static final int CALLS_WARM = 1_000;
    private static final int CALLS_A_TURN = 200;

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "20",
            description = "in each of which both have their turn")
    private int rounds;

    private final Scheduler scheduler = Scheduler.system();

    /** Something that is timed here and there. */
    private interface Turn {
        void run() throws InterruptedException;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--rounds", rounds, 1, 10_000);
        var folder = Files.createTempDirectory("tensorlink-bench-");
        var result = new LinkedHashMap<String, Object>();
        long begun = scheduler.nanoTime();
        try (var child = ChildEngine.open(folder);
                var here = TorchEngine.open()) {
            double start = (scheduler.nanoTime() - begun) / 1e6;
            var memory = NodeProcess.peakMemory(child.processes().getFirst().pid());
            output.say(
                    String.format(
                            Locale.ROOT,
                            "a process is ready after %.0f ms, and takes %d MiB before it has a"
                                    + " stage",
                            start,
                            memory.orElse(0) >> 20));
            result.put("startMillis", start);
            result.put("emptyBytes", memory.orElse(0));
            calls(here, child, result);
            steps(here, child, result);
        } finally {
            Home.delete(folder);
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private void calls(Engine here, Engine child, Map<String, Object> result)
            throws IOException, InterruptedException {
        var model = Model.initialize(TINY, Tokenizer.bytes(), 1);
        var middle = new LayerRange(1, 2);
        try (var near = here.open(TINY, middle, model.weights(), StageOptions.forInference(1));
                var far = child.open(TINY, middle, model.weights(), StageOptions.forInference(1))) {
            for (int i = 0; i < CALLS_WARM; i++) {
                infer(near);
                infer(far);
            }
            var inside = new ArrayList<Double>();
            var outside = new ArrayList<Double>();
            for (int i = 0; i < rounds * CALLS_A_TURN; i++) {
                inside.add(micros(() -> infer(near)));
                outside.add(micros(() -> infer(far)));
            }
            double added = new Sample(outside).median() - new Sample(inside).median();
            output.say(
                    String.format(
                            Locale.ROOT,
                            "a call with 16 KiB there and back: p50 %.0f us, in this process"
                                    + " %.0f us: %.0f us more",
                            new Sample(outside).median(),
                            new Sample(inside).median(),
                            added));
            result.put("callMicrosAdded", added);
        }
    }

    private static void infer(Stage stage) throws InterruptedException {
        stage.infer(Tensor.allocate(DType.F32, Shape.of(1, 128, 32))).close();
    }

    private void steps(Engine here, Engine child, Map<String, Object> result)
            throws IOException, InterruptedException {
        var model = Model.initialize(MODEL, Tokenizer.bytes(), 1);
        var options = StageOptions.forTraining(1);
        try (var near = here.open(MODEL, MODEL.allLayers(), model.weights(), options);
                var far = child.open(MODEL, MODEL.allLayers(), model.weights(), options)) {
            step(near);
            step(far);
            var inside = new ArrayList<Double>();
            var outside = new ArrayList<Double>();
            for (int round = 0; round < rounds; round++) {
                inside.add(micros(() -> step(near)));
                outside.add(micros(() -> step(far)));
            }
            boolean equal = near.digests().equals(far.digests());
            var ratio = new Sample(outside).over(new Sample(inside));
            output.say(
                    String.format(
                            Locale.ROOT,
                            "a training step of hidden 512 x 4, %d x 128 tokens: %.0f ms, %.3f of"
                                    + " one in this process [quarters %.3f-%.3f]; %s",
                            ROWS,
                            new Sample(outside).median() / 1e3,
                            ratio.median(),
                            ratio.quantile(0.25),
                            ratio.quantile(0.75),
                            equal ? "equal bits" : "OTHER BITS"));
            result.put("stepOfInProcess", ratio.median());
            result.put("bitsEqual", equal);
        }
    }

    private static void step(Stage stage) throws InterruptedException {
        var part = Batch.of(Tokens.of(new long[ROWS][128])).split(1).getFirst();
        stage.zeroGradients();
        stage.forwardLoss(0, part.inputs().toTensor(), part.labels().toTensor(), part.labelCount());
        stage.backward(0, null);
        stage.prepare(null);
        stage.apply(stage.step() + 1, AdamW.lr(1e-4));
    }

    private double micros(Turn turn) throws InterruptedException {
        long begun = scheduler.nanoTime();
        turn.run();
        return (scheduler.nanoTime() - begun) / 1e3;
    }
}
