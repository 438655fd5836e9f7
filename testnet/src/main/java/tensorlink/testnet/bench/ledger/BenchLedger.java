package tensorlink.testnet.bench.ledger;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.ledger.AccountKey;
import tensorlink.node.Home;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.net.Machine;
import tensorlink.testnet.chain.Anvil;
import tensorlink.testnet.chain.SmartnodesDouble;

/** What the file ledger costs on this machine's disk and cores, and the contract in gas. */
@Command(
        name = "ledger",
        description = {
            "Durable requests a second to the file ledger, single and grouped, against forcing the"
                + " same bytes to the same disk; voucher checks a second of one core; the gas of a"
                + " job and its settlement on our contract and on a double of the Smartnodes"
                + " contracts, when anvil is there."
        },
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench ledger --folder /srv -o json")
public final class BenchLedger implements Callable<Integer> {
    @Mixin private Output output = new Output();

    @Option(
            names = "--folder",
            paramLabel = "FOLDER",
            description = "on the disk to measure; the one for temporary files unless said")
    private @Nullable Path folder;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "how often")
    private int rounds;

    @Option(
            names = "--single",
            paramLabel = "N",
            defaultValue = "300",
            description = "requests one after the other in a round")
    private int single;

    @Option(
            names = "--grouped",
            paramLabel = "N",
            defaultValue = "2000",
            description = "requests by 64 callers in a round")
    private int grouped;

    @Option(
            names = "--checks",
            paramLabel = "N",
            defaultValue = "1000",
            description = "vouchers checked in a round")
    private int checks;

    @Option(
            names = "--anvil",
            paramLabel = "FILE",
            defaultValue = Anvil.PROGRAM,
            description = "the chain on which gas is measured")
    private Path anvil = Path.of("anvil");

    @Option(
            names = "--smartnodes",
            paramLabel = "FILE",
            defaultValue = SmartnodesDouble.CODES,
            description = "the code of the double of the Smartnodes contracts")
    private Path smartnodes = Path.of("double");

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--rounds", rounds, 1, 100);
        UsageException.requireRange("--single", single, 1, 100_000);
        UsageException.requireRange("--grouped", grouped, 1, 100_000);
        UsageException.requireRange("--checks", checks, 1, 100_000);
        AccountKey.warmUp();
        var amounts = new LedgerTask.Amounts(single, grouped, checks);
        var task = new LedgerTask(Scheduler.system(), amounts);
        var figures = new Figures();
        double before = Machine.load();
        // A round that does not count, so that the code is compiled.
        inFolder(at -> task.run(at, new Figures()));
        for (int round = 1; round <= rounds; round++) {
            output.progress("round " + round + " of " + rounds);
            inFolder(at -> task.run(at, figures));
        }
        var gas = new LinkedHashMap<String, Long>();
        if (Files.isExecutable(anvil)) {
            output.progress("gas");
            try (var chain = Anvil.startAtOnce(anvil)) {
                inFolder(at ->
                        gas.putAll(new GasTask(Scheduler.system(), chain, at).run(smartnodes)));
            }
        }
        report(figures, gas, before, Machine.load());
        return ExitCode.DONE.status();
    }

    private interface Work {
        void at(Path folder) throws IOException, InterruptedException;
    }

    private void inFolder(Work work) throws IOException, InterruptedException {
        var at =
                folder == null
                        ? Files.createTempDirectory("bench-ledger")
                        : Files.createTempDirectory(folder, "bench-ledger");
        try {
            work.at(at);
        } finally {
            Home.delete(at);
        }
    }

    private void report(
            Figures figures, Map<String, Long> gas, double loadBefore, double loadAfter) {
        row("durable requests, one by one", LedgerTask.SINGLE, figures);
        row("the same bytes, forced one by one", LedgerTask.RAW_SINGLE, figures);
        row("durable requests, 64 callers", LedgerTask.GROUPED, figures);
        row("the same bytes, forced once", LedgerTask.RAW_ONCE, figures);
        row("voucher checks of one core", LedgerTask.CHECKS, figures);
        figures.ratio(LedgerTask.SINGLE, LedgerTask.RAW_SINGLE)
                .ifPresent(ratio ->
                        output.say(
                                String.format(
                                        Locale.ROOT,
                                        "one by one: %.2f of the bare disk [%.2f-%.2f]",
                                        ratio.median(),
                                        ratio.min(),
                                        ratio.max())));
        output.say(
                String.format(Locale.ROOT, "load %.2f before, %.2f after", loadBefore, loadAfter));
        if (gas.isEmpty()) {
            output.say("no gas: npm ci --ignore-scripts in ledger/contracts brings " + anvil);
        }
        gas.forEach((name, used) ->
                output.say(
                        String.format(
                                Locale.ROOT, "%-40s %,9d gas%s", name, used, against(name, used))));
        var result = new LinkedHashMap<String, Object>();
        result.put("figures", figures.all());
        result.put("gas", gas);
        result.put("gasBounds", gas.isEmpty() ? Map.of() : GasTask.BOUNDS);
        result.put("loadBefore", loadBefore);
        result.put("loadAfter", loadAfter);
        output.tell(result);
    }

    private static String against(String name, long used) {
        var bound = GasTask.BOUNDS.get(name);
        return bound == null
                ? ""
                : String.format(
                        Locale.ROOT,
                        "%s %,d",
                        used <= bound ? ", within its bound of" : ", ABOVE its bound of",
                        bound);
    }

    private void row(String name, String figure, Figures figures) {
        figures.find(figure)
                .ifPresent(sample ->
                        output.say(
                                String.format(
                                        Locale.ROOT,
                                        "%-40s %,9.0f/s [%,.0f-%,.0f]",
                                        name,
                                        sample.median(),
                                        sample.min(),
                                        sample.max())));
    }
}
