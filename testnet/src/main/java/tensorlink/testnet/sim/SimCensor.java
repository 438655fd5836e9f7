package tensorlink.testnet.sim;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Attackers crowd keys to hide what is stored there. */
@Command(
        name = "censor",
        description = "500 lookups of keys around which 45 attackers each are closest.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true)
final class SimCensor implements Callable<Integer> {
    @Mixin private SimOptions options = new SimOptions();

    @Option(
            names = "--plain",
            description = "nodes without regions and disjoint paths, to see what the attack does")
    private boolean plain;

    @Override
    public Integer call() throws IOException, InterruptedException {
        return options.run(() -> new DhtCensorSim(options.nodes(), options.seed(), plain).run());
    }
}
