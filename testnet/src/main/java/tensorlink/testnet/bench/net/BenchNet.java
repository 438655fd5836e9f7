package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.JavaProcess;
import tensorlink.testnet.bench.bare.Bare;
import tensorlink.testnet.bench.figures.Figures;

/** Measures p2p against bare Netty and js-libp2p: all take turns, round by round. */
@Command(
        name = "net",
        description =
                "Streams between two processes on loopback, against bare Netty and js-libp2p (from"
                        + " npm, on first use).",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench net --only throughput,ping --rounds 5 -o json")
public final class BenchNet implements Callable<Integer> {
    private static final long BYTES_LEAST = 1_000;

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "rounds that count; one more goes before them to warm up")
    private int rounds;

    @Option(
            names = "--bytes",
            paramLabel = "N",
            defaultValue = "1000000000",
            description =
                    "what the fastest carry each time; QUIC and js get a quarter of it, QUIC of js"
                            + " a tenth")
    private long bytes;

    @Option(
            names = "--streams",
            paramLabel = "N",
            defaultValue = "1000",
            description =
                    "streams opened each time, as many connections, thrice as many round trips")
    private int streams;

    @Option(
            names = "--only",
            paramLabel = "ROW",
            split = ",",
            description = "measure these only: ${COMPLETION-CANDIDATES}")
    private Set<Row> only = EnumSet.allOf(Row.class);

    @Option(
            names = "--carriers",
            paramLabel = "NAME",
            split = ",",
            description =
                    "measure these only: tcp, netty-tls, netty-quic, noise, tls, quic, js-noise,"
                            + " js-tls, js-quic; all of them unless given")
    private Set<String> names = Set.of();

    @Option(
            names = "--idle",
            paramLabel = "N",
            defaultValue = "1000",
            description = "connections of the row idle, in one process")
    private int idle;

    @Option(names = "--no-js", description = "leave js-libp2p out")
    private boolean noJs;

    @Option(
            names = "--awake",
            description =
                    "keep idle cores from sleeping, so that software is measured and not how long"
                            + " this machine takes to wake a core (Linux)")
    private boolean awake;

    private final Scheduler scheduler = Scheduler.system();
    private final List<String> absences = new ArrayList<>();
    private final Map<String, String> broken = new LinkedHashMap<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--rounds", rounds, 1, 1_000);
        UsageException.requireRange("--bytes", bytes, BYTES_LEAST, Long.MAX_VALUE);
        UsageException.requireRange("--streams", streams, 1, 1_000_000);
        UsageException.requireRange("--idle", idle, 1, 1_000_000);
        for (var name : names) {
            if (!NetReport.CARRIERS.contains(name)) {
                throw new UsageException(
                        "--carriers " + name + ": expected some of " + NetReport.CARRIERS);
            }
        }
        var machine = Machine.here(awake);
        var amounts = Amounts.of(bytes, streams, idle);
        var figures = new Figures();
        var children = new ArrayList<Child>();
        try {
            if (awake) {
                children.add(Wakefulness.start());
            }
            var carriers = carriers(children);
            round("warm-up", amounts.warmUp(), new Figures(), carriers);
            for (int round = 1; round <= rounds; round++) {
                round("round " + round + " of " + rounds, amounts, figures, carriers);
            }
            if (only.contains(Row.idle)) {
                idle(amounts, figures, carriers);
            }
        } finally {
            children.forEach(Child::close);
        }
        broken.forEach((turn, why) -> absences.add(turn + " broke: " + why));
        var report =
                new NetReport(
                        machine, Machine.load(), amounts, rounds, absences, figures, Goals.all());
        report.lines().forEach(output::say);
        output.tell(report.json());
        return (broken.isEmpty() ? ExitCode.DONE : ExitCode.JOB_FAILED).status();
    }

    private List<Carrier> carriers(List<Child> children) throws IOException, InterruptedException {
        output.progress("starting the other processes");
        var carriers = new ArrayList<Carrier>();
        var peer =
                Child.start(
                        "net-peer", JavaProcess.builder(List.of(), List.of("bench", "net-peer")));
        children.add(peer);
        for (var bare : Bare.values()) {
            if (bare.isAvailable()) {
                carriers.add(BareCarrier.start(bare, peer, scheduler));
            } else {
                absences.add("no " + bare + ": this machine has no native code for it");
            }
        }
        for (var way : Way.values()) {
            if (way.isAvailable()) {
                carriers.add(OurCarrier.start(way, peer, scheduler));
            }
        }
        boolean wantsJs = names.isEmpty() || names.stream().anyMatch(n -> n.startsWith("js-"));
        if (wantsJs && !noJs) {
            carriers.addAll(js(children));
        }
        carriers.removeIf(carrier -> !names.isEmpty() && !names.contains(carrier.name()));
        return carriers;
    }

    private List<Carrier> js(List<Child> children) throws InterruptedException {
        var carriers = new ArrayList<Carrier>();
        try {
            var js = JsLibp2p.ofBuild();
            if (!js.isInstalled()) {
                output.progress("fetching js-libp2p from npm, once");
                js.install();
            }
            var dialling = js.start("js that dials");
            children.add(dialling);
            var listening = js.start("js that listens");
            children.add(listening);
            for (var way : Way.values()) {
                carriers.add(JsCarrier.start(way, dialling, listening));
            }
        } catch (IOException absent) {
            carriers.clear();
            absences.add("no js-libp2p, and no ratio to it: " + absent.getMessage());
        }
        return carriers;
    }

    /** All carriers take turns at each row. */
    private void round(String name, Amounts amounts, Figures figures, List<Carrier> carriers)
            throws InterruptedException {
        var turns = new Turns(amounts, figures, scheduler);
        for (var row : only) {
            for (var carrier : carriers) {
                if (row != Row.idle && row.suits(carrier)) {
                    take(name, turns, row, carrier);
                }
            }
        }
    }

    /** Memory, not speed: once is enough. */
    private void idle(Amounts amounts, Figures figures, List<Carrier> carriers)
            throws InterruptedException {
        var turns = new Turns(amounts, figures, scheduler);
        for (var carrier : carriers) {
            if (Row.idle.suits(carrier)) {
                take("at last", turns, Row.idle, carrier);
            }
        }
    }

    /** A carrier that fails in a row is out of it from then on. */
    private void take(String when, Turns turns, Row row, Carrier carrier)
            throws InterruptedException {
        var turn = row + " of " + carrier.name();
        if (broken.containsKey(turn)) {
            return;
        }
        output.progress(when + ": " + turn);
        try {
            turns.take(row, carrier);
        } catch (IOException failure) {
            broken.put(turn, String.valueOf(failure.getMessage()));
            output.progress(turn + " broke: " + failure.getMessage());
        }
    }
}
