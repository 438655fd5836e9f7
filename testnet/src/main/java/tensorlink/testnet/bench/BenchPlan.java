package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.JobReport;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;
import tensorlink.testnet.ProcessorShare;
import tensorlink.testnet.bench.figures.Sample;

/**
 * What a step is predicted to take beside what it takes: of several models, on workers that are
 * alike and on workers of which one gets a part of a processor.
 */
@Command(
        name = "plan",
        description = "Predicted and measured time of a step, on workers alike and unlike.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench plan --share 0.5 --steps 8")
final class BenchPlan implements Callable<Integer> {
    private static final AdamW RULE = AdamW.lr(1e-4);
    private static final double WITHIN = 0.20;
    private static final int WARM_UP = 4;

    @Mixin private Output output = new Output();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "8",
            description = "of each job, whose median counts")
    private int steps;

    @Option(
            names = "--share",
            paramLabel = "PART",
            defaultValue = "0.5",
            description = "of a processor, that the slower worker gets")
    private double share;

    private final Scheduler scheduler = Scheduler.system();

    /** A model and the batches it is trained on, in micro-batches. */
    private record Case(
            String family,
            ModelConfig config,
            int rows,
            int length,
            int microBatches,
            Schedule schedule) {
        static List<Case> all() {
            var small = ModelConfig.llama(256, 8, 256, 256);
            var middle = ModelConfig.llama(512, 8, 256, 256);
            return List.of(
                    new Case("llama", small, 8, 64, 4, Schedule.ONE_F_ONE_B),
                    new Case("llama", middle, 8, 128, 4, Schedule.ONE_F_ONE_B),
                    new Case("llama", middle, 8, 128, 4, Schedule.ZB_H1),
                    new Case("gpt2", large(), 4, 64, 4, Schedule.GPIPE));
        }

        private static ModelConfig large() {
            var json =
                    """
                    {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 768,
                     "n_layer": 6, "n_head": 12, "n_positions": 512, "vocab_size": 4096,
                     "attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0}
                    """;
            try {
                return ModelConfig.parse("large", json.getBytes(StandardCharsets.UTF_8));
            } catch (IOException ours) {
                throw new IllegalStateException(ours);
            }
        }

        String text() {
            return String.format(
                    Locale.ROOT,
                    "%s %d x %d, %d x %d in %d, %s",
                    family,
                    config.hidden(),
                    config.layers(),
                    rows,
                    length,
                    microBatches,
                    schedule.label());
        }

        JobOptions options() {
            return JobOptions.training()
                    .workers(2)
                    .batch(rows, length)
                    .microBatches(microBatches)
                    .how(TrainingOptions.with(RULE).withSchedule(schedule));
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var result = new LinkedHashMap<String, Object>();
        output.say("a step over two workers of one thread, predicted and measured");
        measure("alike", List.of(Optional.empty(), Optional.empty()), result);
        try (var slow = ProcessorShare.of(share)) {
            measure("unlike", List.of(Optional.empty(), Optional.of(slow)), result);
        } catch (IOException impossible) {
            output.say("workers unlike: not here: " + impossible.getMessage());
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private void measure(
            String name, List<Optional<ProcessorShare>> shares, Map<String, Object> result)
            throws IOException, InterruptedException {
        output.say(
                "workers "
                        + name
                        + shares.stream()
                                .map(of -> of.isEmpty() ? "a whole processor" : share + " of one")
                                .collect(Collectors.joining(", ", " (", ")")));
        try (var network = ProcessNetwork.startThrottled("bench", shares);
                var user = UserNode.join(network.network())) {
            for (var job : Case.all()) {
                var facts = measure(user, job);
                result.put(name + " " + job.text(), facts);
            }
        }
    }

    private Map<String, Object> measure(UserNode user, Case job)
            throws IOException, InterruptedException {
        var start = Model.initialize(job.config, Tokenizer.bytes(), 1);
        var millis = new ArrayList<Double>();
        JobReport report;
        try (var model = user.createDistributedModel(start, job.options())) {
            for (int step = -WARM_UP; step < steps; step++) {
                var batch =
                        TrainingTurns.batch(step, job.rows, job.length, job.config.vocabulary());
                long begun = scheduler.nanoTime();
                TrainingTurns.step(model, batch, RULE);
                if (step >= 0) {
                    millis.add((scheduler.nanoTime() - begun) / 1e6);
                }
            }
            report = model.report();
        }
        double predicted = report.predictedStep().toNanos() / 1e6;
        var measured = new Sample(millis);
        double ratio = measured.median() / predicted;
        var layers =
                report.stages().stream()
                        .map(it -> Integer.toString(it.layers().size()))
                        .collect(Collectors.joining(" + "));
        output.say(
                String.format(
                        Locale.ROOT,
                        "  %-40s %-6s layers: predicted %7.1f ms, took %7.1f [%.1f-%.1f]: %.2f%s",
                        job.text(),
                        layers,
                        predicted,
                        measured.median(),
                        measured.min(),
                        measured.max(),
                        ratio,
                        Math.abs(ratio - 1) <= WITHIN ? "" : ", not within 20 %"));
        for (var stage : report.stages()) {
            output.say(
                    String.format(
                            Locale.ROOT,
                            "    %s: forward %d ms, backward %d ms, waiting %d ms",
                            stage.layers(),
                            stage.times().forward().toMillis(),
                            stage.times().backward().toMillis(),
                            stage.times().waiting().toMillis()));
        }
        var facts = new LinkedHashMap<String, Object>();
        facts.put("layers", layers);
        facts.put("predictedMillis", predicted);
        facts.put("measuredMillis", measured.median());
        facts.put("measuredOfPredicted", ratio);
        return facts;
    }
}
