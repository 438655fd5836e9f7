package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtRecord;
import tensorlink.dht.Key;
import tensorlink.dht.RecordRefusedException;

/**
 * A hash table under churn: nodes join, leave and come, store records and find those of others, and
 * look up random keys, all of it checked against what is true.
 */
final class DhtSim {
    /** Records that are stored and found again, and keys looked up, in an hour. */
    private static final int TASKS_PER_HOUR = 1_000;

    private static final double CHURN_PER_HOUR = 0.3;
    private static final double LOSS = 0.01;

    private final int nodes;
    private final Duration span;
    private final DhtWorld world;
    private final DhtScenario scenario;
    private final Consumer<String> progress;
    private final List<DhtRecord> stored = new ArrayList<>();
    private final List<Integer> hops = new ArrayList<>();
    private final List<Integer> rounds = new ArrayList<>();
    private final List<Long> lookupMillis = new ArrayList<>();
    private long gets;
    private long found;
    private long lookups;
    private long closestFound;
    private long asked;

    /** A simulation that tells {@code progress} how far it is. */
    DhtSim(int nodes, Duration span, long seed, Consumer<String> progress) {
        this.nodes = nodes;
        this.progress = progress;
        this.span = span;
        this.world = new DhtWorld(seed, LOSS);
        this.scenario = new DhtScenario(world, Duration.ofMinutes(10), DhtConfig.Search.defaults());
    }

    /** Runs it and returns the figures by name. */
    Map<String, Object> run() throws IOException, InterruptedException {
        world.time().run(this::live);
        return figures();
    }

    private void live() throws IOException, InterruptedException {
        world.report(progress);
        scenario.grow(nodes, Duration.ofMillis(60L * nodes));
        world.time().sleep(Duration.ofMinutes(11));
        scenario.churn(CHURN_PER_HOUR);
        int tasks = (int) Math.max(200, TASKS_PER_HOUR * span.toMinutes() / 60);
        var pause = span.dividedBy(tasks);
        for (int i = 0; i < tasks; i++) {
            int number = i;
            world.time().fork("task", () -> task(number));
            world.time().sleep(pause);
        }
        world.time().sleep(Duration.ofMinutes(2));
    }

    private void task(int number) {
        try {
            if (number % 4 == 0 || stored.isEmpty()) {
                var record = scenario.record("record " + number, "value " + number);
                if (scenario.settled().dht().put(record) > 0) {
                    stored.add(record);
                }
            } else {
                get(stored.get(world.random().nextInt(stored.size())));
            }
            lookUp(Key.named("random " + number));
        } catch (RecordRefusedException impossible) {
            throw new IllegalStateException(impossible);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void get(DhtRecord record) throws RecordRefusedException, InterruptedException {
        var finder = scenario.settled();
        var got = finder.dht().get(record.key());
        if (finder.isUp()) {
            gets++;
            found += got.isPresent() && got.get().equals(record) ? 1 : 0;
        }
    }

    private void lookUp(Key key) throws InterruptedException {
        var finder = scenario.settled();
        long start = world.time().nanoTime();
        var report = finder.dht().lookUp(key);
        if (!finder.isUp()) {
            return;
        }
        lookups++;
        lookupMillis.add((world.time().nanoTime() - start) / 1_000_000);
        hops.add(report.hops());
        rounds.add(report.rounds());
        asked += report.asked();
        var truth = closest(key, finder, start);
        for (var peer : report.closest()) {
            if (truth != null && peer.id().equals(truth.self().id())) {
                closestFound++;
                return;
            }
        }
    }

    /** The closest server that has been there since well before {@code start} and still is. */
    private @Nullable DhtPeer closest(Key key, DhtPeer finder, long start) {
        long settled = start - Duration.ofMinutes(1).toNanos();
        DhtPeer closest = null;
        double least = Double.MAX_VALUE;
        for (var peer : world.living()) {
            if (peer != finder && peer.isPublic() && peer.joinedNanos() <= settled) {
                double distance = key.distance(peer.key());
                if (distance < least) {
                    least = distance;
                    closest = peer;
                }
            }
        }
        return closest;
    }

    private Map<String, Object> figures() {
        Collections.sort(hops);
        Collections.sort(rounds);
        Collections.sort(lookupMillis);
        var figures = new LinkedHashMap<String, Object>();
        figures.put("nodes", nodes);
        figures.put("churnPerHour", CHURN_PER_HOUR);
        figures.put("loss", LOSS);
        figures.put("left", scenario.left());
        figures.put("joinsFailed", scenario.joinsFailed());
        figures.put("stored", stored.size());
        figures.put("gets", gets);
        figures.put("getSuccess", share(found, gets));
        figures.put("lookups", lookups);
        figures.put("closestFound", share(closestFound, lookups));
        figures.put("hopsMedian", at(hops, 0.5));
        figures.put("hopsP99", at(hops, 0.99));
        figures.put("roundsMedian", at(rounds, 0.5));
        figures.put("roundsP99", at(rounds, 0.99));
        figures.put("roundsMax", at(rounds, 1));
        figures.put("roundsLimit", roundsLimit(nodes));
        figures.put("askedMean", lookups == 0 ? 0 : (double) asked / lookups);
        figures.put("lookupMillisMedian", at(lookupMillis, 0.5));
        figures.put("lookupMillisP99", at(lookupMillis, 0.99));
        figures.put("virtualSeconds", world.time().elapsed().toSeconds());
        figures.put("questions", world.trace().events());
        figures.put("trace", world.trace().hash());
        return figures;
    }

    /** The logarithm to base 2 of the number of buckets' worth of nodes, rounded up. */
    static int roundsLimit(int nodes) {
        int k = DhtConfig.Search.defaults().k();
        return (int) Math.ceil(Math.log((double) nodes / k) / Math.log(2));
    }

    static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    static <T extends Number> long at(List<T> sorted, double share) {
        int index = (int) Math.ceil(share * sorted.size()) - 1;
        return sorted.isEmpty() ? 0 : sorted.get(Math.max(0, index)).longValue();
    }
}
