package tensorlink.testnet.prove;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tensorlink.node.cli.ExitCode;

/** The proofs. */
@Command(
        name = "prove",
        description = "Show by trial that what must never happen does not.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink prove train --count 20",
        subcommands = {ProveTrain.class, ProveWorker.class, ProveUser.class})
public final class Prove implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }
}
