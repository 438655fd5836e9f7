package tensorlink.testnet.sim;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Attackers crowd keys to hide what is stored there. */
@Command(
        name = "censor",
        description = "500 lookups of keys around which 45 attackers each are closest.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink sim censor --nodes 300 --plain")
final class SimCensor implements Callable<Integer> {
    @Mixin private SimOptions options = new SimOptions();

    @Option(
            names = "--plain",
            description = "nodes without regions and disjoint paths, to see what the attack does")
    private boolean plain;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var goals = plain ? List.<Goal>of() : List.of(Goal.atLeast("success", 0.99));
        return options.run(
                goals,
                () ->
                        new DhtCensorSim(options.nodes(), options.seed(), plain, options::progress)
                                .run());
    }
}
