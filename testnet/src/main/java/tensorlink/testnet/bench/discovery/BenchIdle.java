package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.Profile;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;

/** What nodes say to each other while nobody wants anything of them. */
@Command(
        name = "idle",
        description =
                "Traffic of idle nodes on loopback, whole as their sockets see it, against 2 kB/s"
                        + " and, for the profile lowpower, 0.3 kB/s.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench idle --hurry 1 --minutes 30 -o json")
public final class BenchIdle implements Callable<Integer> {
    static final double STANDARD_BYTES_PER_SECOND_MAX = 2_000;
    static final double LOWPOWER_BYTES_PER_SECOND_MAX = 300;

    private static final Duration SETTLE = Duration.ofMinutes(15);

    @Mixin private Output output = new Output();

    @Option(
            names = "--nodes",
            paramLabel = "N",
            defaultValue = "19",
            description = "workers of the profile standard; a validator comes on top")
    private int standard;

    @Option(
            names = "--lowpower",
            paramLabel = "N",
            defaultValue = "4",
            description = "workers of the profile lowpower")
    private int lowpower;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "60",
            description = "for how long to count; 15 minutes pass before")
    private int minutes;

    @Option(
            names = "--hurry",
            paramLabel = "N",
            defaultValue = "30",
            description = "how many minutes pass in one; 1 for the machine's own time")
    private int hurry;

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--nodes", standard, 1, 200);
        UsageException.requireRange("--lowpower", lowpower, 0, 200);
        UsageException.requireRange("--minutes", minutes, 1, 10_000);
        UsageException.requireRange("--hurry", hurry, 1, 200);
        var size = new IdleNetwork.Size(standard, lowpower);
        var run = new IdleRun(size, hurry, SETTLE, Duration.ofMinutes(minutes));
        var result = new LinkedHashMap<String, Object>();
        result.put("minutes", minutes);
        result.put("hurry", hurry);
        try (var engine = TorchEngine.open()) {
            run.measure(engine, output::progress)
                    .forEach((profile, rates) -> {
                        double limit = limit(profile);
                        say(profile, rates, limit);
                        var json = rates.json();
                        json.put("limit", limit);
                        json.put("ofLimit", rates.nodes().max() / limit);
                        result.put(profile.name().toLowerCase(Locale.ROOT), json);
                    });
        }
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private static double limit(Profile profile) {
        return switch (profile) {
            case STANDARD -> STANDARD_BYTES_PER_SECOND_MAX;
            case LOWPOWER -> LOWPOWER_BYTES_PER_SECOND_MAX;
        };
    }

    private void say(Profile profile, IdleRun.Rates rates, double limit) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%s: %,.0f B/s [%,.0f-%,.0f] at each of %d nodes, %.1f connections;"
                                + " most is %.2f of %,.0f B/s",
                        profile.name().toLowerCase(Locale.ROOT),
                        rates.nodes().median(),
                        rates.nodes().min(),
                        rates.nodes().max(),
                        rates.nodes().values().size(),
                        rates.connections(),
                        rates.nodes().max() / limit,
                        limit));
        rates.kinds()
                .forEach((kind, rate) ->
                        output.say(String.format(Locale.ROOT, "  %-44s %,8.1f B/s", kind, rate)));
    }
}
