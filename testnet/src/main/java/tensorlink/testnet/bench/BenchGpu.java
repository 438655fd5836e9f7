package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.DeviceLimits;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Work;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.node.DeviceChoice;
import tensorlink.node.DeviceWish;
import tensorlink.node.Home;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.figures.Figures;

/**
 * Steps, decoding and copies of one device, beside what the same device reached in the same run at
 * what it does best: one product of large matrices, a copy within its memory, one large copy to it
 * and from it.
 */
@Command(
        name = "gpu",
        description = "Steps, decoding and copies of a GPU against what it reaches at best.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExamples:%n",
        footer = {"  tensorlink bench gpu", "  tensorlink bench gpu --device cpu --hidden 256"})
final class BenchGpu implements Callable<Integer> {
    private static final int PROMPT = 16;
    private static final int NEW = 48;
    private static final AdamW RULE = AdamW.lr(1e-4);

    @Mixin private Output output = new Output();

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cuda",
            description =
                    "cuda, cuda:N or cpu; a card that cannot be computed on is an error and nothing"
                            + " else is measured")
    private String device = "cuda";

    @Option(
            names = "--home",
            paramLabel = "FOLDER",
            description = "the home whose kernels compute; ~/.local/share/tensorlink unless said")
    private @Nullable Path home;

    @Option(
            names = "--hidden",
            paramLabel = "N",
            defaultValue = "1024",
            description = "width of the model of 4 layers, a multiple of 64")
    private int hidden;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "8",
            description = "sequences of a batch")
    private int rows;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "256",
            description = "tokens of each, 64 or more")
    private int length;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "to measure")
    private int rounds;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "threads of a processor")
    private int threads;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (hidden < 64 || hidden % 64 != 0 || rows < 1 || length < PROMPT + NEW || rounds < 1) {
            throw new UsageException(
                    "expected --hidden a multiple of 64, --length 64 or more, --rows and --rounds 1"
                            + " or more");
        }
        try (var engine = DeviceChoice.open(wish(), here())) {
            output.say(device + ": " + engine.profile().device());
            return measure(engine);
        }
    }

    private DeviceWish wish() {
        try {
            return DeviceWish.parse(device);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--device: " + wrong.getMessage());
        }
    }

    private Home here() {
        return home == null
                ? Home.ofUser(System.getenv(), Path.of(System.getProperty("user.home")))
                : Home.at(home);
    }

    private int measure(Engine engine) throws IOException, InterruptedException {
        var limits = engine.limits(threads);
        var config = ModelConfig.llama(hidden, 4, 8000, length);
        var model = Model.initialize(config, Tokenizer.bytes(), 1);
        var figures = new Figures();
        var clock = Scheduler.system();
        try (var training = LocalRun.open(engine, model, 1, StageOptions.forTraining(threads));
                var serving = LocalRun.open(engine, model, 1, StageOptions.forInference(threads))) {
            for (int round = -1; round < rounds; round++) {
                // What comes first warms up.
                var into = round < 0 ? new Figures() : figures;
                var batch = TrainingTurns.batch(round, rows, length, 8000);
                long begun = clock.nanoTime();
                training.zeroGradients();
                training.forwardBackward(batch, 1);
                long computed = clock.nanoTime();
                training.step(RULE);
                long stepped = clock.nanoTime();
                into.add("gradients", (computed - begun) / 1e9);
                into.add("step", (stepped - begun) / 1e9);
                var prompt = new ArrayList<Integer>();
                var random = new SplittableRandom(round);
                for (int i = 0; i < PROMPT; i++) {
                    prompt.add(random.nextInt(8000));
                }
                begun = clock.nanoTime();
                int made = serving.generate(prompt, NEW, Sampling.greedy()).size();
                into.add("decode", made / ((clock.nanoTime() - begun) / 1e9));
            }
        }
        return report(model, limits, figures);
    }

    private int report(Model model, DeviceLimits limits, Figures figures) {
        var layers = model.architecture().allLayers();
        var work = Work.ofTraining(model.architecture(), layers, rows, length);
        var generating = Work.ofGenerating(model.architecture(), layers);
        double gradients = figures.find("gradients").orElseThrow().median();
        double step = figures.find("step").orElseThrow().median();
        double decode = figures.find("decode").orElseThrow().median();
        double arithmetic = (work.forward() + work.backward()) / gradients / limits.product();
        double reading = generating.read() * decode / limits.memory();
        output.say(
                String.format(
                        Locale.ROOT,
                        "model      hidden %d x 4 layers, %,d parameters%nat best    %.1f GFLOP/s,"
                                + " memory %.1f GB/s%n           to it %.2f GB/s, from it %.2f"
                                + " GB/s%ngradients  %.1f ms of %d x %d tokens, %.0f%% of the"
                                + " arithmetic at best%nstep       %.1f ms with digests and"
                                + " AdamW%ndecode     %.1f tokens/s, %.0f%% of the memory at"
                                + " best%ncopies     to it %.2f GB/s (%.0f%%), from it %.2f GB/s"
                                + " (%.0f%%)",
                        hidden,
                        model.parameterCount(),
                        limits.product() / 1e9,
                        limits.memory() / 1e9,
                        limits.in() / 1e9,
                        limits.out() / 1e9,
                        gradients * 1e3,
                        rows,
                        length,
                        arithmetic * 100,
                        step * 1e3,
                        decode,
                        reading * 100,
                        limits.written() / 1e9,
                        limits.written() / limits.in() * 100,
                        limits.read() / 1e9,
                        limits.read() / limits.out() * 100));
        var result = new LinkedHashMap<String, Object>();
        result.put("device", device);
        result.put("productFlops", limits.product());
        result.put("memoryBytesPerSecond", limits.memory());
        result.put("inBytesPerSecond", limits.in());
        result.put("outBytesPerSecond", limits.out());
        result.put("gradientsSeconds", gradients);
        result.put("gradientsOfProduct", arithmetic);
        result.put("stepSeconds", step);
        result.put("tokensPerSecond", decode);
        result.put("decodeOfMemory", reading);
        result.put("writtenOfIn", limits.written() / limits.in());
        result.put("readOfOut", limits.read() / limits.out());
        output.tell(result);
        return ExitCode.DONE.status();
    }
}
