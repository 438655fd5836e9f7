package tensorlink.testnet.bench.discovery;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import tensorlink.compute.Engine;
import tensorlink.node.Node;
import tensorlink.node.Profile;
import tensorlink.testnet.HurriedTime;
import tensorlink.testnet.bench.figures.Sample;

/**
 * Lets an {@link IdleNetwork} be for a while, and counts what its nodes move.
 *
 * @param factor how fast time passes
 * @param settle for how long nobody counts: whoever has just come has a lot to ask
 * @param watch for how long is counted
 */
record IdleRun(IdleNetwork.Size size, int factor, Duration settle, Duration watch) {

    /**
     * What the nodes of one profile moved, bytes a second of received and sent together.
     *
     * @param nodes one value for each
     * @param kinds their mean, by kind
     * @param connections their mean at the end
     */
    record Rates(Sample nodes, Map<String, Double> kinds, double connections) {
        Map<String, Object> json() {
            var json = new LinkedHashMap<String, Object>();
            json.put("nodes", nodes.values().size());
            json.put("bytesPerSecondMedian", nodes.median());
            json.put("bytesPerSecondLeast", nodes.min());
            json.put("bytesPerSecondMost", nodes.max());
            json.put("connections", connections);
            json.put("bytesPerSecondByKind", kinds);
            return json;
        }
    }

    Map<Profile, Rates> measure(Engine engine, Consumer<String> progress)
            throws IOException, InterruptedException {
        var time = new HurriedTime(factor);
        try (var network = IdleNetwork.start(size, time, engine, progress)) {
            progress.accept("settling for " + settle.toMinutes() + " minutes, " + factor + " in 1");
            time.sleep(settle);
            var before = new LinkedHashMap<Node, IdleTraffic>();
            for (var profile : Profile.values()) {
                network.nodes(profile).forEach(it -> before.put(it, IdleTraffic.of(it.host())));
            }
            progress.accept("counting for " + watch.toMinutes() + " minutes");
            long begun = time.nanoTime();
            time.sleep(watch);
            var took = Duration.ofNanos(time.nanoTime() - begun);
            var rates = new TreeMap<Profile, Rates>();
            for (var profile : Profile.values()) {
                var nodes = network.nodes(profile);
                if (!nodes.isEmpty()) {
                    rates.put(profile, rates(nodes, before, took));
                }
            }
            return rates;
        }
    }

    private static Rates rates(List<Node> nodes, Map<Node, IdleTraffic> before, Duration took) {
        var all = new ArrayList<Double>();
        var kinds = new TreeMap<String, Double>();
        double connections = 0;
        for (var node : nodes) {
            var now = IdleTraffic.of(node.host());
            var then = before.getOrDefault(node, now);
            all.add(now.rate(then, took));
            now.rates(then, took)
                    .forEach((kind, rate) -> kinds.merge(kind, rate / nodes.size(), Double::sum));
            connections += (double) node.host().connections().size() / nodes.size();
        }
        return new Rates(new Sample(all), kinds, connections);
    }
}
