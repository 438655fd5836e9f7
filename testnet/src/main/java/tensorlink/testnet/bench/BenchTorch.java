package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.Home;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.ProcessorTime;
import tensorlink.testnet.bench.figures.Target;
import tensorlink.testnet.bench.net.Child;
import tools.jackson.databind.JsonNode;

/**
 * Steps and decoding of one model in one process on one thread, beside PyTorch and transformers
 * with the same checkpoint, in turns. CPU time of either process is compared, so that what else
 * runs here weighs less.
 */
@Command(
        name = "torch",
        description = "Training and decoding on one thread against Python's torch.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench torch --python venv/bin/python")
final class BenchTorch implements Callable<Integer> {
    private static final String SCRIPT = "torch-peer.py";
    private static final int VOCABULARY = 8000;
    private static final int ROWS = 2;
    private static final int LENGTH = 128;
    private static final int PROMPT = 16;
    private static final int NEW = 63;
    private static final AdamW RULE = AdamW.lr(1e-4);
    private static final List<Target> GOALS =
            List.of(
                    Target.atMost("CPU time of a step, of torch's", "step", 1.05).of("torchStep"),
                    Target.atLeast("tokens per CPU second, of transformers'", "decode", 1.1)
                            .of("torchDecode"));

    @Mixin private Output output = new Output();

    @Option(
            names = "--python",
            paramLabel = "FILE",
            required = true,
            description = "a Python that has torch and transformers")
    private Path python = Path.of("python3");

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "7",
            description = "in each of which both have their turn")
    private int rounds;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "3",
            description = "steps of a turn")
    private int steps;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var model = Model.initialize(config(), Tokenizer.bytes(), 1);
        output.say(
                String.format(
                        Locale.ROOT,
                        "hidden 1024 x 4 layers, %,d parameters; steps of %d x %d, %d tokens after"
                                + " %d; one thread",
                        model.parameterCount(),
                        ROWS,
                        LENGTH,
                        NEW,
                        PROMPT));
        var figures = new Figures();
        var folder = Files.createTempDirectory("tensorlink-bench-");
        try (var engine = TorchEngine.open()) {
            var checkpoint = folder.resolve("model");
            model.save(checkpoint);
            try (var torch = start(folder, checkpoint);
                    var training = LocalRun.open(engine, model, 1, StageOptions.forTraining(1));
                    var serving = LocalRun.open(engine, model, 1, StageOptions.forInference(1))) {
                output.say("torch " + torch.ask("versions").path("torch").asString());
                for (int round = -1; round < rounds; round++) {
                    // What comes first warms up.
                    measure(torch, training, serving, round < 0 ? new Figures() : figures, round);
                }
            }
        } finally {
            Home.delete(folder);
        }
        return report(figures);
    }

    private Child start(Path folder, Path checkpoint) throws IOException {
        var script = folder.resolve(SCRIPT);
        try (var from = BenchTorch.class.getResourceAsStream(SCRIPT)) {
            if (from == null) {
                throw new IOException(SCRIPT + " is not part of this build");
            }
            Files.copy(from, script);
        }
        return Child.start(
                "torch",
                new ProcessBuilder(python.toString(), script.toString(), checkpoint.toString()));
    }

    private void measure(
            Child torch, LocalRun training, LocalRun serving, Figures figures, int round)
            throws IOException, InterruptedException {
        var batch = TrainingTurns.batch(round, ROWS, LENGTH, VOCABULARY);
        long begun = ProcessorTime.nanos();
        for (int step = 0; step < steps; step++) {
            TrainingTurns.step(training, batch, 1, RULE);
        }
        figures.add("step", (ProcessorTime.nanos() - begun) / 1e9 / steps);
        figures.add("torchStep", seconds(torch.ask("train", steps, ROWS, LENGTH)) / steps);

        var prompt = new ArrayList<Integer>();
        var random = new SplittableRandom(round);
        for (int i = 0; i < PROMPT; i++) {
            prompt.add(random.nextInt(VOCABULARY));
        }
        begun = ProcessorTime.nanos();
        int made = serving.generate(prompt, NEW, Sampling.greedy()).size();
        figures.add("decode", made / ((ProcessorTime.nanos() - begun) / 1e9));
        var theirs = torch.ask("decode", PROMPT, NEW);
        figures.add("torchDecode", theirs.path("tokens").asInt() / seconds(theirs));
    }

    private int report(Figures figures) {
        var result = new LinkedHashMap<String, Object>();
        figures.all()
                .forEach((name, values) -> {
                    var sample = figures.find(name).orElseThrow();
                    output.say(
                            String.format(
                                    Locale.ROOT,
                                    name.endsWith("tep")
                                            ? "  %-12s %.3f CPU s  [%.3f-%.3f]"
                                            : "  %-12s %.1f tokens per CPU s  [%.1f-%.1f]",
                                    name,
                                    sample.median(),
                                    sample.min(),
                                    sample.max()));
                    result.put(name, sample.median());
                });
        for (var goal : GOALS) {
            var verdict = goal.judge(figures);
            var ratio = verdict.measured().orElseThrow();
            output.say(
                    String.format(
                            Locale.ROOT,
                            "%s: %.2f [%.2f-%.2f], asked %s %.2f: %s",
                            goal.name(),
                            ratio.median(),
                            ratio.min(),
                            ratio.max(),
                            goal.bound().sign(),
                            goal.must(),
                            verdict.isMet().orElse(false) ? "met" : "missed"));
            result.put(goal.figure() + "OfTorch", ratio.median());
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private static double seconds(JsonNode answer) {
        return answer.path("cpuSeconds").asDouble();
    }

    private static ModelConfig config() throws ModelFormatException {
        var json =
                """
                {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 1024,
                 "num_hidden_layers": 4, "num_attention_heads": 16, "num_key_value_heads": 8,
                 "intermediate_size": 2816, "vocab_size": 8000, "max_position_embeddings": 256,
                 "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
                 "tie_word_embeddings": false}
                """;
        return ModelConfig.parse("bench torch", json.getBytes(StandardCharsets.UTF_8));
    }
}
