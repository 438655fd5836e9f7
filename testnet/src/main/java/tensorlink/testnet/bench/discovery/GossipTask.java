package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.JavaProcess;
import tensorlink.testnet.bench.figures.Figures;
import tensorlink.testnet.bench.figures.Sample;
import tensorlink.testnet.bench.net.Child;
import tensorlink.testnet.bench.net.JsLibp2p;

/**
 * One hop of gossip: signed messages of 1 KiB from one process to another, ours and js-libp2p's in
 * turns.
 *
 * @param rounds of each that count; a longer one of each goes before them to warm up
 */
record GossipTask(int messages, int rounds, boolean withJs, Scheduler scheduler) implements Task {
    static final String OURS = "gossip";
    static final String JS = "js-gossip";
    static final String MEDIAN = ".deliveryMicros50";
    static final String TAIL = ".deliveryMicros99";

    private static final int BYTES = 1024;
    private static final int PAUSE_MILLIS = 4;

    /** As many times more go before: until then the code of signatures is being compiled. */
    private static final int WARM_UPS = 16;

    private static final int WARM_UP_PAUSE_MILLIS = 1;
    private static final Duration POLL = Duration.ofMillis(20);
    private static final int POLLS_MAX = 1_000;

    /** The two processes of one implementation. */
    private record Pair(String name, Child from, Child to) {}

    @Override
    public void measure(Figures figures, Consumer<String> progress)
            throws IOException, InterruptedException {
        var children = new ArrayList<Child>();
        try {
            var pairs = new ArrayList<Pair>();
            pairs.add(pair(OURS, own(children), own(children)));
            if (withJs) {
                var js = JsLibp2p.ofBuild();
                if (!js.isInstalled()) {
                    progress.accept("gossip: fetching js-libp2p from npm, once");
                    js.install();
                }
                pairs.add(pair(JS, js(js, children), js(js, children)));
            }
            for (var pair : pairs) {
                progress.accept("gossip: warm-up, " + pair.name());
                var _ = round(pair, WARM_UPS * messages, WARM_UP_PAUSE_MILLIS);
            }
            for (int round = 1; round <= rounds; round++) {
                for (var pair : pairs) {
                    progress.accept(
                            "gossip: round " + round + " of " + rounds + ", " + pair.name());
                    var micros = round(pair, messages, PAUSE_MILLIS);
                    figures.add(pair.name() + MEDIAN, micros.median());
                    figures.add(pair.name() + TAIL, micros.quantile(0.99));
                }
            }
        } finally {
            children.forEach(Child::close);
        }
    }

    private static Child own(List<Child> children) throws IOException {
        var child =
                Child.start(
                        "gossip-peer",
                        JavaProcess.builder(List.of(), List.of("bench", "gossip-peer")));
        children.add(child);
        return child;
    }

    private static Child js(JsLibp2p js, List<Child> children) throws IOException {
        var child = js.start("js that gossips", GossipTask.class, "gossip-peer.mjs");
        children.add(child);
        return child;
    }

    /** Connects the two, and waits until each is in the other's mesh. */
    private Pair pair(String name, Child from, Child to) throws IOException, InterruptedException {
        from.ask("dial", to.ask("address").path("address").asString());
        for (var child : List.of(from, to)) {
            int polls = 0;
            while (child.ask("mesh").path("peers").asInt() == 0) {
                if (polls++ == POLLS_MAX) {
                    throw new IOException(name + ": nobody came into the mesh");
                }
                scheduler.sleep(POLL);
            }
        }
        return new Pair(name, from, to);
    }

    private Sample round(Pair pair, int count, int pauseMillis)
            throws IOException, InterruptedException {
        pair.from().ask("publish", count, BYTES, pauseMillis);
        var micros = new ArrayList<Double>();
        for (int poll = 0; micros.size() < count; poll++) {
            for (var value : pair.to().ask("take").path("micros")) {
                micros.add(value.asDouble());
            }
            if (poll == POLLS_MAX) {
                throw new IOException(
                        pair.name() + ": " + micros.size() + " of " + count + " came");
            }
            scheduler.sleep(POLL);
        }
        return new Sample(micros);
    }
}
