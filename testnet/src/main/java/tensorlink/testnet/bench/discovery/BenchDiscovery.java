package tensorlink.testnet.bench.discovery;

import static tensorlink.testnet.bench.figures.Target.atMost;

import java.io.IOException;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.dht.DhtConfig.Search;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.Sample;
import tensorlink.testnet.bench.figures.Target;
import tensorlink.testnet.bench.net.Machine;
import tensorlink.testnet.bench.net.Wakefulness;

/** What finding each other costs on this machine. */
@Command(
        name = "discovery",
        description =
                "The way into a network, a thousand peers that store and get, one hop of gossip"
                        + " beside js-libp2p, and what known peers cost.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench discovery --only join,gossip -o json")
public final class BenchDiscovery implements Callable<Integer> {
    /**
     * What hivemind's documentation gives in milliseconds for a record, of 1,024 peers on one
     * machine: benchmark_dht.py with 16,384 keys in batches of 64, the time of all by their number.
     */
    static final double HIVEMIND_GET_MILLIS = 6.64;

    static final double HIVEMIND_STORE_MILLIS = 14.87;

    private static final double OF_JS_MAX = 0.4;

    @Mixin private Output output = new Output();

    /** What can be measured; the names are those of {@code --only}. */
    enum Row {
        join,
        crowd,
        gossip,
        known
    }

    @Option(
            names = "--only",
            paramLabel = "ROW",
            split = ",",
            description = "measure these only: ${COMPLETION-CANDIDATES}")
    private Set<Row> only = EnumSet.allOf(Row.class);

    @Option(
            names = "--nodes",
            paramLabel = "N",
            defaultValue = "20",
            description = "join: nodes that are there before")
    private int nodes;

    @Option(
            names = "--joins",
            paramLabel = "N",
            defaultValue = "20",
            description = "join: how many join, one after another")
    private int joins;

    @Option(
            names = "--peers",
            paramLabel = "N",
            defaultValue = "1024",
            description = "crowd: peers in this process")
    private int peers;

    @Option(
            names = "--keys",
            paramLabel = "N",
            defaultValue = "2048",
            description = "crowd: records that one peer stores and another gets")
    private int keys;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "64",
            description = "crowd: how many of them at a time")
    private int batch;

    @Option(
            names = "--lone",
            paramLabel = "N",
            defaultValue = "200",
            description = "crowd: records stored and got one by one, by peers drawn at random")
    private int lone;

    @Option(
            names = "--carrier",
            paramLabel = "KIND",
            defaultValue = "sockets",
            description = "crowd: ${COMPLETION-CANDIDATES}; a host has few sockets, many of memory")
    private CrowdTask.Carrier carrier = CrowdTask.Carrier.sockets;

    @Option(
            names = "--plain",
            description = "crowd: plain Kademlia, without regions and disjoint paths")
    private boolean plain;

    @Option(
            names = "--messages",
            paramLabel = "N",
            defaultValue = "500",
            description = "gossip: messages of a round, of which there are three")
    private int messages;

    @Option(names = "--no-js", description = "gossip: leave js-libp2p out")
    private boolean noJs;

    @Option(
            names = "--awake",
            description =
                    "keep idle cores from sleeping, so that software is measured and not how long"
                            + " this machine takes to wake a core (Linux)")
    private boolean awake;

    @Option(
            names = "--known",
            paramLabel = "N",
            defaultValue = "10000",
            description = "known: how many peers")
    private int known;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "who stores and gets, and who is known")
    private long seed;

    private static final int GOSSIP_ROUNDS = 3;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--nodes", nodes, 2, 1_000);
        UsageException.requireRange("--joins", joins, 1, 100_000);
        UsageException.requireRange("--peers", peers, 2, 4_096);
        UsageException.requireRange("--keys", keys, 1, 1_000_000);
        UsageException.requireRange("--batch", batch, 1, 1_024);
        UsageException.requireRange("--lone", lone, 1, 1_000_000);
        UsageException.requireRange("--messages", messages, 10, 1_000_000);
        UsageException.requireRange("--known", known, 100, 1_000_000);
        double before = Machine.load();
        var figures = new Figures();
        if (awake) {
            try (var _ = Wakefulness.start()) {
                measure(figures);
            }
        } else {
            measure(figures);
        }
        tell(figures, before);
        return ExitCode.DONE.status();
    }

    private void measure(Figures figures) throws IOException, InterruptedException {
        for (var row : only) {
            task(row).measure(figures, output::progress);
        }
    }

    private Task task(Row row) {
        return switch (row) {
            case join -> new JoinTask(nodes, joins, scheduler);
            case crowd ->
                    new CrowdTask(
                            new CrowdTask.Size(peers, keys, batch, lone),
                            search(),
                            carrier,
                            seed,
                            scheduler);
            case gossip -> new GossipTask(messages, GOSSIP_ROUNDS, !noJs, scheduler);
            case known -> new KnownTask(known, seed, scheduler);
        };
    }

    private Search search() {
        var all = Search.defaults();
        return plain
                ? new Search(all.k(), all.alpha(), all.beta(), 1, 0, all.peersAskedMax())
                : all;
    }

    /** The published figures are means; so ours are judged by theirs. */
    private static List<Target> goals() {
        return List.of(
                atMost("gossip: delivery p50 of js", GossipTask.OURS + GossipTask.MEDIAN, OF_JS_MAX)
                        .of(GossipTask.JS + GossipTask.MEDIAN),
                atMost("get of hivemind's", "crowd.getOfHivemind", 1),
                atMost("store of hivemind's", "crowd.storeOfHivemind", 1));
    }

    private void tell(Figures figures, double before) {
        figures.find(CrowdTask.GET)
                .ifPresent(
                        it -> figures.add("crowd.getOfHivemind", it.mean() / HIVEMIND_GET_MILLIS));
        figures.find(CrowdTask.STORE)
                .ifPresent(it ->
                        figures.add("crowd.storeOfHivemind", it.mean() / HIVEMIND_STORE_MILLIS));
        double after = Machine.load();
        output.say(
                String.format(
                        Locale.ROOT,
                        "load %.1f before, %.1f after; %d cores%s",
                        before,
                        after,
                        Runtime.getRuntime().availableProcessors(),
                        awake ? ", kept awake" : ""));
        var json = new LinkedHashMap<String, Object>();
        json.put("loadBefore", before);
        json.put("loadAfter", after);
        json.put("isAwake", awake);
        json.put("seed", seed);
        json.put("carrier", carrier);
        var told = new LinkedHashMap<String, Object>();
        figures.all().forEach((name, values) -> told.put(name, summary(name, new Sample(values))));
        figures.ratio(JoinTask.JOIN, JoinTask.PING)
                .ifPresent(it -> told.put("join.ofPing", summary("join.ofPing", it)));
        json.put("figures", told);
        json.put("goals", goals().stream().map(goal -> judged(goal, figures)).toList());
        output.tell(json);
    }

    private Map<String, Object> summary(String name, Sample sample) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%-34s p50 %,.2f  p90 %,.2f  mean %,.2f  [%,.2f-%,.2f] of %d",
                        name,
                        sample.median(),
                        sample.quantile(0.9),
                        sample.mean(),
                        sample.min(),
                        sample.max(),
                        sample.values().size()));
        var summary = new LinkedHashMap<String, Object>();
        summary.put("p50", sample.median());
        summary.put("p90", sample.quantile(0.9));
        summary.put("mean", sample.mean());
        summary.put("least", sample.min());
        summary.put("most", sample.max());
        summary.put("count", sample.values().size());
        return summary;
    }

    private Map<String, Object> judged(Target goal, Figures figures) {
        var verdict = goal.judge(figures);
        verdict.measured()
                .ifPresent(it ->
                        output.say(
                                String.format(
                                        Locale.ROOT,
                                        "goal %-30s %s %.2f: %.2f, %s",
                                        goal.name(),
                                        goal.bound().sign(),
                                        goal.must(),
                                        it.median(),
                                        verdict.isMet().orElse(false) ? "met" : "missed")));
        var json = new LinkedHashMap<String, Object>();
        json.put("name", goal.name());
        json.put("bound", goal.bound().sign());
        json.put("must", goal.must());
        json.put("measured", verdict.measured().map(Sample::median));
        json.put("isMet", verdict.isMet());
        return json;
    }
}
