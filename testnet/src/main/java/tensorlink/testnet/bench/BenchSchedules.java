package tensorlink.testnet.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobOptions;
import tensorlink.node.UserNode;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.ProcessNetwork;
import tensorlink.testnet.bench.figures.Figures;

/** The schedules against each other on the same two workers, in turns. */
@Command(
        name = "schedules",
        description = "ZB-H1 and GPipe against 1F1B.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench schedules --rounds 5")
final class BenchSchedules implements Callable<Integer> {
    private static final ModelConfig CONFIG = ModelConfig.llama(512, 8, 256, 256);
    private static final int ROWS = 8;
    private static final int LENGTH = 128;
    private static final int MICRO_BATCHES = 4;
    private static final List<Schedule> COMPARED =
            List.of(Schedule.ONE_F_ONE_B, Schedule.GPIPE, Schedule.ZB_H1);
    private static final AdamW RULE = AdamW.lr(1e-4);

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "10",
            description = "in each of which every schedule has its turn")
    private int rounds;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        output.say("hidden 512 x 8 layers, 8 x 128 tokens in 4 micro-batches, over two workers");
        var result = new LinkedHashMap<String, Object>();
        try (var network = ProcessNetwork.start("bench", new ProcessNetwork.Plan(2, 1, 0, 0))) {
            compare(network, result);
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private void compare(ProcessNetwork network, Map<String, Object> result)
            throws IOException, InterruptedException {
        var figures = new Figures();
        var models = new LinkedHashMap<Schedule, DistributedModel>();
        try (var user = UserNode.join(network.network())) {
            for (var schedule : COMPARED) {
                var model = user.createDistributedModel(model(), options(schedule));
                models.put(schedule, model);
                step(model, 0);
                step(model, 1);
            }
            for (int round = 0; round < rounds; round++) {
                for (var entry : models.entrySet()) {
                    long begun = scheduler.nanoTime();
                    step(entry.getValue(), 2L * round);
                    step(entry.getValue(), 2L * round + 1);
                    double seconds = (scheduler.nanoTime() - begun) / 2e9;
                    figures.add(entry.getKey().label(), 1 / seconds);
                }
            }
        } finally {
            models.values().forEach(DistributedModel::close);
        }
        for (var schedule : COMPARED) {
            var sample = figures.find(schedule.label()).orElseThrow();
            var ratio = figures.ratio(schedule.label(), Schedule.ONE_F_ONE_B.label()).orElseThrow();
            output.say(
                    String.format(
                            Locale.ROOT,
                            "  %-6s %6.0f ms a step, %.2f of the speed of 1F1B [quarters"
                                    + " %.2f-%.2f]",
                            schedule.label(),
                            1000 / sample.median(),
                            ratio.median(),
                            ratio.quantile(0.25),
                            ratio.quantile(0.75)));
            result.put(schedule.label() + "StepMillis", 1000 / sample.median());
            result.put(schedule.label() + "OfOneFOneB", ratio.median());
        }
    }

    private static Model model() {
        return Model.initialize(CONFIG, Tokenizer.bytes(), 1);
    }

    private static JobOptions options(Schedule schedule) {
        return JobOptions.training()
                .workers(2)
                .batch(ROWS, LENGTH)
                .microBatches(MICRO_BATCHES)
                .how(TrainingOptions.with(RULE).withSchedule(schedule));
    }

    private static void step(DistributedModel model, long seed)
            throws IOException, InterruptedException {
        var batch = TrainingTurns.batch(seed, ROWS, LENGTH, CONFIG.vocabulary());
        TrainingTurns.step(model, batch, RULE);
    }
}
