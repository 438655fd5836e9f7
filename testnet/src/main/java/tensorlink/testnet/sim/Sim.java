package tensorlink.testnet.sim;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tensorlink.node.cli.ExitCode;

/** The simulations. */
@Command(
        name = "sim",
        description = "Thousands of nodes of this program in virtual time, from one seed.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink sim dht --nodes 1000 --seed 1",
        subcommands = {SimDht.class, SimGossip.class, SimEclipse.class, SimCensor.class})
public final class Sim implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }
}
