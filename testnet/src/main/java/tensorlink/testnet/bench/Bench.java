package tensorlink.testnet.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tensorlink.node.cli.ExitCode;
import tensorlink.testnet.bench.discovery.BenchDiscovery;
import tensorlink.testnet.bench.discovery.BenchIdle;
import tensorlink.testnet.bench.discovery.GossipPeer;
import tensorlink.testnet.bench.ledger.BenchLedger;
import tensorlink.testnet.bench.net.BenchNet;
import tensorlink.testnet.bench.net.NetPeer;
import tensorlink.testnet.bench.net.Wakefulness;

/** The benchmarks. */
@Command(
        name = "bench",
        description = "Measure this machine and this program, as ratios taken in one run.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench train",
        subcommands = {
            BenchTrain.class,
            BenchNet.class,
            BenchDiscovery.class,
            BenchIdle.class,
            BenchLedger.class,
            BenchCodecs.class,
            BenchTensors.class,
            BenchReplicas.class,
            BenchSchedules.class,
            BenchPlan.class,
            BenchMemory.class,
            BenchTorch.class,
            BenchGpu.class,
            BenchJobs.class,
            BenchIsolation.class,
            BenchIdleWorker.class,
            MemoryCase.class,
            NetPeer.class,
            Wakefulness.class,
            GossipPeer.class
        })
public final class Bench implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }
}
