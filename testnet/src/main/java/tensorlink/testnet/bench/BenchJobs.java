package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.GenerateOptions;
import tensorlink.jobs.JobListener;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobState;
import tensorlink.node.Home;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;
import tensorlink.testnet.bench.figures.Figures;

/**
 * The two jobs by which Python's Tensorlink was measured, each over two workers of one thread
 * beside the same model in one process: from request to ready, training steps, and generation with
 * its bytes on the wire.
 */
@Command(
        name = "jobs",
        description = "Two jobs over two workers: ready, steps and tokens, beside one process.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench jobs --rounds 5")
final class BenchJobs implements Callable<Integer> {
    private static final int WORKERS = 2;
    private static final int PROMPT = 16;
    private static final int NEW = 64;
    private static final Adam RULE = Adam.lr(1e-4);
    private static final Path INTERFACES = Path.of("/proc/net/dev");
    private static final Pattern FIELDS = Pattern.compile("[:\\s]+");
    private static final int SENT_BYTES = 9; // behind the name and eight columns of receipt

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "10",
            description = "in each of which every way has its turn")
    private int rounds;

    private final Scheduler scheduler = Scheduler.system();

    /** A model, and batches of two rows. */
    private enum Case {
        TINY(
                "gpt2 128 x 4",
                8,
                """
                {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 128,
                 "n_layer": 4, "n_head": 4, "n_positions": 512, "vocab_size": 1024,
                 "attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0}
                """),
        LLAMA(
                "llama 768 x 8",
                64,
                """
                {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 768,
                 "num_hidden_layers": 8, "num_attention_heads": 12, "num_key_value_heads": 12,
                 "intermediate_size": 2048, "vocab_size": 4096, "max_position_embeddings": 512,
                 "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
                 "tie_word_embeddings": false}
                """);

        private static final int ROWS = 2;
        private static final int VOCABULARY = 1024; // of the smaller model

        private final String label;
        private final int length;
        private final String json;

        Case(String label, int length, String json) {
            this.label = label;
            this.length = length;
            this.json = json;
        }

        /**
         * The model, from a folder in {@code folder}, as models are: drawing the random numbers of
         * one that has never been saved takes longer than reading them, each time anew.
         */
        Model model(Path folder) throws IOException, InterruptedException {
            var config = ModelConfig.parse(label, json.getBytes(StandardCharsets.UTF_8));
            var saved = folder.resolve(name());
            Model.initialize(config, Tokenizer.bytes(), 1).save(saved);
            return Model.load(saved);
        }

        Batch batch(long seed) {
            return TrainingTurns.batch(seed, ROWS, length, VOCABULARY);
        }
    }

    /** Notes how long weights travel, which is not the network's doing. */
    private final class Beginning implements JobListener {
        private final long asked = scheduler.nanoTime();
        private long loading;
        private long running;

        @Override
        public void entered(JobState state, String detail) {
            switch (state) {
                case JobState.Loading() -> loading = scheduler.nanoTime();
                case JobState.Running() -> running = scheduler.nanoTime();
                case JobState.Requested(),
                        JobState.Planned(),
                        JobState.Recruiting(),
                        JobState.Agreed(),
                        JobState.Completed(),
                        JobState.Cancelled(_),
                        JobState.Expired(),
                        JobState.Failed(_) -> {}
            }
        }

        double seconds() {
            return (running - asked) / 1e9;
        }

        double loadingSeconds() {
            return (running - loading) / 1e9;
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var result = new LinkedHashMap<String, Object>();
        var folder = Files.createTempDirectory("tensorlink-bench-");
        try (var processes =
                        ProcessNetwork.start("bench", new ProcessNetwork.Plan(WORKERS, 1, 0, 0));
                var user = UserNode.join(processes.network());
                var engine = TorchEngine.open()) {
            for (var job : Case.values()) {
                result.put(job.label, measure(user, engine, job, job.model(folder)));
            }
        } finally {
            Home.delete(folder);
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private Map<String, Object> measure(UserNode user, Engine engine, Case job, Model model)
            throws IOException, InterruptedException {
        var figures = new Figures();
        output.say(
                String.format(
                        Locale.ROOT,
                        "%n%s, %,d parameters, batches of %d x %d, %d tokens after %d",
                        job.label,
                        model.parameterCount(),
                        Case.ROWS,
                        job.length,
                        NEW,
                        PROMPT));
        begin(user, job, model, figures);
        train(user, engine, job, model, figures);
        generate(user, engine, model, figures);
        return report(figures);
    }

    private void begin(UserNode user, Case job, Model model, Figures figures)
            throws IOException, InterruptedException {
        for (int round = 0; round < rounds; round++) {
            var beginning = new Beginning();
            user.createDistributedModel(model, training(job), beginning).close();
            figures.add("secondsToReady", beginning.seconds());
            figures.add("secondsToReadyOfWeights", beginning.loadingSeconds());
        }
    }

    private void train(UserNode user, Engine engine, Case job, Model model, Figures figures)
            throws IOException, InterruptedException {
        var options = TrainingOptions.with(RULE);
        try (var distributed = user.createDistributedModel(model, training(job));
                var alone =
                        LocalRun.open(
                                engine, model, 1, StageOptions.forTraining(options, WORKERS))) {
            for (int round = -1; round < rounds; round++) {
                var kept = round < 0 ? new Figures() : figures; // the first warms up
                var batch = job.batch(round);
                long begun = scheduler.nanoTime();
                float told = TrainingTurns.step(distributed, batch, RULE);
                kept.add("stepMillis", (scheduler.nanoTime() - begun) / 1e6);

                begun = scheduler.nanoTime();
                float same = TrainingTurns.step(alone, batch, Case.ROWS, RULE);
                kept.add("stepMillisOfOneProcess", (scheduler.nanoTime() - begun) / 1e6);
                if (told != same) {
                    throw new IOException("losses differ: " + told + " and " + same);
                }
            }
        }
    }

    private void generate(UserNode user, Engine engine, Model model, Figures figures)
            throws IOException, InterruptedException {
        var inference = JobOptions.inference().workers(WORKERS).batch(1, PROMPT + NEW);
        var prompt = IntStream.rangeClosed(3, 2 + PROMPT).boxed().toList();
        try (var distributed = user.createDistributedModel(model, inference);
                var one = LocalRun.open(engine, model, 1, StageOptions.forInference(1));
                var two = LocalRun.open(engine, model, 1, StageOptions.forInference(WORKERS))) {
            for (int round = -1; round < rounds; round++) {
                var kept = round < 0 ? new Figures() : figures;
                long wire = loopbackBytes();
                long begun = scheduler.nanoTime();
                var tokens = distributed.generate(prompt, GenerateOptions.greedy(NEW), _ -> {});
                kept.add("tokensPerSecond", NEW / ((scheduler.nanoTime() - begun) / 1e9));
                kept.add("bytesPerToken", (loopbackBytes() - wire) / (double) NEW);
                local("OneThread", one, prompt, tokens, kept);
                local("TwoThreads", two, prompt, tokens, kept);
            }
        }
    }

    private void local(
            String name, LocalRun run, List<Integer> prompt, List<Integer> expected, Figures kept)
            throws IOException, InterruptedException {
        long begun = scheduler.nanoTime();
        var tokens = run.generate(prompt, NEW, Sampling.greedy());
        kept.add("tokensPerSecond" + name, NEW / ((scheduler.nanoTime() - begun) / 1e9));
        if (!tokens.equals(expected)) {
            throw new IOException("tokens differ: " + expected + " and " + tokens);
        }
    }

    private Map<String, Object> report(Figures figures) {
        var result = new LinkedHashMap<String, Object>();
        figures.all()
                .forEach((name, _) -> {
                    var sample = figures.find(name).orElseThrow();
                    output.say(
                            String.format(
                                    Locale.ROOT,
                                    "  %-28s %,10.2f  [%,.2f-%,.2f]",
                                    name,
                                    sample.median(),
                                    sample.min(),
                                    sample.max()));
                    result.put(name, sample.median());
                });
        ratio(
                "step, of one process with two threads",
                "stepMillis",
                "stepMillisOfOneProcess",
                figures,
                result);
        ratio(
                "tokens, of one process with one thread",
                "tokensPerSecond",
                "tokensPerSecondOneThread",
                figures,
                result);
        ratio(
                "tokens, of one process with two threads",
                "tokensPerSecond",
                "tokensPerSecondTwoThreads",
                figures,
                result);
        return result;
    }

    private void ratio(
            String name, String figure, String other, Figures figures, Map<String, Object> result) {
        var ratio = figures.ratio(figure, other).orElseThrow();
        output.say(
                String.format(
                        Locale.ROOT,
                        "  %-40s %.2f  [quarters %.2f-%.2f]",
                        name,
                        ratio.median(),
                        ratio.quantile(0.25),
                        ratio.quantile(0.75)));
        result.put(figure + "Of" + other, ratio.median());
    }

    private static JobOptions training(Case job) {
        return JobOptions.training()
                .workers(WORKERS)
                .batch(Case.ROWS, job.length)
                .microBatches(Case.ROWS)
                .how(TrainingOptions.with(RULE));
    }

    /** What has gone over loopback, everybody's, with all headers. */
    private static long loopbackBytes() throws IOException {
        for (var line : Files.readAllLines(INTERFACES)) {
            if (line.strip().startsWith("lo:")) {
                var fields = FIELDS.splitAsStream(line.strip()).toList();
                return Long.parseLong(fields.get(SENT_BYTES));
            }
        }
        throw new IOException("no loopback interface in " + INTERFACES);
    }
}
