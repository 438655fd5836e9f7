package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.cli.UsageException;
import tensorlink.testnet.sim.gossip.Attack;
import tensorlink.testnet.sim.gossip.GossipScenario;
import tensorlink.testnet.sim.gossip.GossipSimulation;

/** Messages to everybody, while others do what they can against it. */
@Command(
        name = "gossip",
        description =
                "Messages of 2 KiB to all nodes, alone or under the attacks of the public"
                        + " evaluation of gossipsub 1.1.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = {
            "  tensorlink sim gossip --nodes 10000",
            "  tensorlink sim gossip --nodes 250 --sybils 1000 --attack eclipse-net",
            "  tensorlink sim gossip --attack all -o json"
        })
final class SimGossip implements Callable<Integer> {
    private static final String ALL = "all";

    /** Delivery, and how long it may take once a minute has passed since an attack began. */
    private static final List<Goal> GOALS =
            List.of(
                    Goal.atLeast("delivery", 0.999),
                    Goal.atLeast("deliveryRecovered", 0.999),
                    Goal.atMost("p99MillisRecovered", 1_000),
                    Goal.atMost("deliveredTwice", 0));

    private static final List<String> COLUMNS =
            List.of(
                    "delivery",
                    "p50Millis",
                    "p99Millis",
                    "maxMillis",
                    "p99MillisRecovered",
                    "leastReceived",
                    "leastHeard",
                    "duplicateFactor",
                    "meshFirstCleanSeconds",
                    "sybilShareOfMeshPeak",
                    "sybilShareOfMeshAfterMinute",
                    "sybilShareOfMeshEnd",
                    "wallSeconds");

    @Mixin private SimOptions options = new SimOptions();

    @Option(
            names = "--attack",
            paramLabel = "NAME",
            defaultValue = "none",
            description = "none, all (one after the other), or one of: ${COMPLETION-CANDIDATES}",
            completionCandidates = Names.class)
    private String attack = "none";

    @Option(
            names = "--sybils",
            paramLabel = "N",
            description = "hostile nodes; as many to an honest one as the attack has unless given")
    private @Nullable Integer sybils;

    @Option(
            names = "--loss",
            paramLabel = "SHARE",
            defaultValue = "0",
            description = "which share of messages and gossip gets lost, 0 to below 1")
    private double loss;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "20",
            description = "messages a second, of all nodes together")
    private int rate;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "virtual seconds for which messages count; the attack says unless given")
    private @Nullable Integer seconds;

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--rate", rate, 1, 1_000);
        if (!(loss >= 0 && loss < 1)) {
            throw new UsageException("--loss is " + loss + ", expected 0 to below 1");
        }
        if (attack.equals(ALL)) {
            var simulations = new LinkedHashMap<String, SimOptions.Simulation>();
            for (var each : Attack.all()) {
                simulations.put(each.name(), () -> figures(each));
            }
            return options.runAll(GOALS, COLUMNS, simulations);
        }
        var chosen =
                Attack.named(attack)
                        .orElseThrow(() ->
                                new UsageException(
                                        "--attack is "
                                                + attack
                                                + ", expected none, all or one of "
                                                + String.join(", ", new Names())));
        return options.run(GOALS, () -> figures(chosen));
    }

    private Map<String, Object> figures(Attack chosen) {
        var scenario = scenario(chosen);
        var figures = new LinkedHashMap<String, Object>();
        figures.put("attack", chosen.name());
        figures.put("nodes", scenario.network().honest());
        figures.put("sybils", scenario.network().sybils());
        figures.put("loss", loss);
        figures.put("messagesPerSecond", rate);
        long end = scenario.traffic().end().toSeconds();
        var report =
                GossipSimulation.run(
                        scenario,
                        second ->
                                options.progress(
                                        "%s: %d of %d virtual seconds"
                                                .formatted(chosen.name(), second, end)));
        figures.putAll(report.figures());
        return figures;
    }

    private GossipScenario scenario(Attack chosen) {
        var scenario =
                GossipScenario.of(chosen, options.nodes(), options.seed())
                        .withLoss(loss)
                        .withRate(rate);
        if (sybils != null) {
            UsageException.requireRange("--sybils", sybils, 0, 1_000_000);
            scenario = scenario.withSybils(chosen.equals(Attack.NONE) ? 0 : sybils);
        }
        if (seconds != null) {
            var warmUp = scenario.traffic().warmUp();
            long before = scenario.recoversAt().minus(warmUp).toSeconds();
            UsageException.requireRange("--seconds", seconds, before + 1, 86_400);
            scenario = scenario.counting(warmUp, Duration.ofSeconds(seconds));
        }
        return scenario;
    }

    /** The names of the attacks, for the help. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            var names = new ArrayList<String>();
            Attack.all().forEach(attack -> names.add(attack.name()));
            return names.iterator();
        }
    }
}
