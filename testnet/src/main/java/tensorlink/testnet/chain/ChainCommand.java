package tensorlink.testnet.chain;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.Engine;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.ledger.AccountKey;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.Node;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.node.network.LedgerTerms;

/** The same paid job twice: on a ledger in a file, and on our contract on a chain of its own. */
@Command(
        name = "chain",
        description =
                "Pay a job on a contract on a chain of this machine, and compare what everybody"
                        + " owns with the same job on a ledger in a file.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink testnet chain --workers 3")
final class ChainCommand implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Option(
            names = "--anvil",
            paramLabel = "FILE",
            defaultValue = Anvil.PROGRAM,
            description = "the program that is the chain")
    private Path anvil = Path.of("anvil");

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "3",
            description = "workers, each with a layer")
    private int workers;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "5", description = "of training")
    private int steps;

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--workers", workers, 1, 8);
        UsageException.requireRange("--steps", steps, 1, 1_000);
        AccountKey.warmUp();
        var job = new PaidJob(workers, steps);
        try (Engine engine = TorchEngine.open();
                var chain = Anvil.start(anvil)) {
            output.progress("a job on a ledger in a file");
            var inFile = job.run(Network.named("chain-file"), Home.fresh(), engine);
            output.progress("the same on a contract");
            var home = Home.fresh();
            var contract = ChainNetwork.deploy(chain, Node.names(home).account());
            var onChain = job.run(ChainNetwork.on(contract), home, engine);
            return report(contract, inFile, onChain);
        }
    }

    private int report(
            LedgerTerms.Contract contract, PaidJob.Result inFile, PaidJob.Result onChain) {
        output.say(
                "contract " + contract.address() + " on chain " + contract.chainId() + " (anvil)");
        output.say(String.format(Locale.ROOT, "%-10s %18s %18s", "", "file", "contract"));
        inFile.standings()
                .forEach((who, standing) -> row(who, standing, onChain.standings().get(who)));
        boolean equal = inFile.standings().equals(onChain.standings());
        boolean settled = inFile.settled() && onChain.settled();
        output.say("settled: " + yes(settled) + ", equal: " + yes(equal));
        var result = new LinkedHashMap<String, Object>();
        result.put("contract", contract.address().toString());
        result.put("standings", facts(inFile));
        result.put("settled", settled);
        result.put("equal", equal);
        output.tell(result);
        return (equal && settled ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }

    private static Map<String, Object> facts(PaidJob.Result result) {
        var facts = new LinkedHashMap<String, Object>();
        result.standings()
                .forEach((who, standing) ->
                        facts.put(
                                who,
                                List.of(standing.credits().value(), standing.deposit().value())));
        return facts;
    }

    private void row(String who, PaidJob.Standing one, PaidJob.@Nullable Standing other) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%-10s %18s %18s",
                        who,
                        text(one),
                        other == null ? "" : text(other)));
    }

    private static String text(PaidJob.Standing standing) {
        return String.format(
                Locale.ROOT, "%,d + %,d", standing.credits().value(), standing.deposit().value());
    }

    private static String yes(boolean it) {
        return it ? "yes" : "no";
    }
}
