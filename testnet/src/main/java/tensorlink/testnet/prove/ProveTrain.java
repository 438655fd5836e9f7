package tensorlink.testnet.prove;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Engine;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;

/**
 * Trainings over worker processes that are killed and frozen, each compared bit by bit with the
 * same training in one process where nothing happens.
 */
@Command(
        name = "train",
        description = {
            "Show that a training survives: in each run a worker process is killed or frozen at a"
                + " point of its work, or all of them, or the user, as the run's seed says; losses"
                + " and weights must be those of an undisturbed run, bit by bit."
        },
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = {
            "  tensorlink prove train --count 20",
            "  tensorlink prove train --count 1 --seed 7     # run 7 again",
        })
final class ProveTrain implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "20",
            description = "runs; their seeds follow one another")
    private int count;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "of the first run; eleven in a row are of all kinds")
    private long seed;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--count", count, 1, Integer.MAX_VALUE);
        var runs = new ArrayList<Map<String, Object>>();
        var recoveries = new ArrayList<Duration>();
        int different = 0;
        try (Engine engine = TorchEngine.open();
                var stand = Stand.start()) {
            for (long run = seed; run < seed + count; run++) {
                stand.restore();
                var outcome = new Trial(stand, scheduler, run).run(new Exercise(run).alone(engine));
                outcome.recovery().ifPresent(recoveries::add);
                different += outcome.difference().isPresent() ? 1 : 0;
                var facts = facts(run, outcome);
                runs.add(facts);
                say(run, outcome);
                output.tell(with("event", "run", facts));
            }
        }
        output.say(
                String.format(
                        Locale.ROOT,
                        "%d runs, %d bit-identical, recovery %s",
                        count,
                        count - different,
                        spread(recoveries)));
        var result = new LinkedHashMap<String, Object>();
        result.put("count", count);
        result.put("seed", seed);
        result.put("identical", count - different);
        result.put("runs", runs);
        output.tell(result);
        return (different == 0 ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }

    private static Map<String, Object> facts(long run, Trial.Outcome outcome) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("seed", run);
        facts.put("trouble", outcome.trouble().kind().text());
        facts.put("stage", outcome.trouble().onLastStage() ? "last" : "first");
        facts.put("step", outcome.trouble().step());
        outcome.recovery().ifPresent(took -> facts.put("recoveryMillis", took.toMillis()));
        facts.put("replayedSteps", outcome.replayed());
        facts.put("identical", outcome.difference().isEmpty());
        outcome.difference().ifPresent(difference -> facts.put("difference", difference));
        return facts;
    }

    private static Map<String, Object> with(String key, Object value, Map<String, Object> others) {
        var all = new LinkedHashMap<String, Object>();
        all.put(key, value);
        all.putAll(others);
        return all;
    }

    private void say(long run, Trial.Outcome outcome) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "seed %-4d %-55s %-42s %s",
                        run,
                        outcome.trouble(),
                        outcome.recovery()
                                .map(took ->
                                        String.format(
                                                Locale.ROOT,
                                                "recovered in %.2f s, %d steps replayed",
                                                took.toMillis() / 1e3,
                                                outcome.replayed()))
                                .orElse("nobody lost"),
                        outcome.difference()
                                .map(difference -> "DIFFERENT: " + difference)
                                .orElse("bit-identical")));
    }

    private static String spread(List<Duration> recoveries) {
        if (recoveries.isEmpty()) {
            return "never needed";
        }
        var sorted = recoveries.stream().sorted().toList();
        return String.format(
                Locale.ROOT,
                "median %.2f s, longest %.2f s",
                sorted.get(sorted.size() / 2).toMillis() / 1e3,
                sorted.getLast().toMillis() / 1e3);
    }
}
