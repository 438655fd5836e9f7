package tensorlink.testnet.cli;

import java.util.List;
import tensorlink.node.cli.Subcommands;
import tensorlink.testnet.bench.Bench;
import tensorlink.testnet.chain.TestnetCommand;
import tensorlink.testnet.demo.Demo;
import tensorlink.testnet.parity.ParityCommand;
import tensorlink.testnet.prove.Prove;
import tensorlink.testnet.sim.Sim;

/** The verbs that need a network of their own. */
public final class TestnetCommands implements Subcommands {
    @Override
    public List<Object> commands() {
        return List.of(
                new Demo(),
                new ParityCommand(),
                new Bench(),
                new Prove(),
                new Sim(),
                new TestnetCommand());
    }
}
