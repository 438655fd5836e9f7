package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.cli.UsageException;

/** An attacker tries to be all that some nodes know. */
@Command(
        name = "eclipse",
        description = "A fifth of all ids in 64 networks tries to cut some nodes off.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink sim eclipse --nodes 1000 --hours 24")
final class SimEclipse implements Callable<Integer> {
    @Mixin private SimOptions options = new SimOptions();

    @Option(
            names = "--hours",
            paramLabel = "N",
            defaultValue = "24",
            description = "virtual hours, at least 1")
    private int hours;

    @Option(
            names = "--victims",
            paramLabel = "N",
            defaultValue = "100",
            description = "nodes attacked, at least 1, at most half of all")
    private int victims;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (victims < 1 || victims > options.nodes() / 2) {
            throw new UsageException(
                    "--victims is "
                            + victims
                            + ", expected 1 to "
                            + options.nodes() / 2
                            + ", half of the nodes");
        }
        var span = Duration.ofHours(hours);
        return options.run(
                List.of(Goal.atMost("eclipsed", 0)),
                () ->
                        new DhtEclipseSim(
                                        options.nodes(),
                                        victims,
                                        span,
                                        options.seed(),
                                        options::progress)
                                .run());
    }
}
