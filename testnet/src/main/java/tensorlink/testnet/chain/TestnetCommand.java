package tensorlink.testnet.chain;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tensorlink.node.cli.ExitCode;

/** Whole networks, to try things on. */
@Command(
        name = "testnet",
        description = "Whole networks on this machine, to try things on.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink testnet chain",
        subcommands = ChainCommand.class)
public final class TestnetCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }
}
