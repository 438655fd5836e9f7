package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The hash table under churn. */
@Command(
        name = "dht",
        description = "Records stored and found, and keys looked up, while nodes come and go.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink sim dht --nodes 10000 --hours 0.25")
final class SimDht implements Callable<Integer> {
    @Mixin private SimOptions options = new SimOptions();

    @Option(
            names = "--hours",
            paramLabel = "N",
            defaultValue = "1",
            description = "virtual hours of churn; fractions are fine")
    private double hours;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var span = Duration.ofSeconds((long) (hours * 3600));
        int nodes = options.nodes();
        var goals =
                List.of(
                        Goal.atLeast("getSuccess", 0.999),
                        Goal.atLeast("closestFound", 0.999),
                        Goal.atMost("hopsMedian", 6),
                        Goal.atMost("roundsP99", DhtSim.roundsLimit(nodes)));
        return options.run(
                goals, () -> new DhtSim(nodes, span, options.seed(), options::progress).run());
    }
}
