package tensorlink.testnet.sim;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.Key;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.testnet.sim.SimulatedNetwork.Reach;

/**
 * An attacker who holds a fifth of all ids, on machines in 64 networks, and never leaves while
 * others come and go. Half of the ids are near those of the victims. It makes itself known to the
 * victims all the time, above all after a restart, of which each has two, with nothing to begin
 * with but what it saved.
 */
final class DhtEclipseSim {
    private static final int SUBNETS = 64;
    private static final double ATTACKERS = 0.2;
    private static final double CHURN_PER_HOUR = 0.1;
    private static final int RESTARTS = 2;
    private static final int CHECK_LOOKUPS = 3;

    private final int nodes;
    private final int wanted;
    private final Duration span;
    private final Consumer<String> progress;
    private final DhtWorld world;
    private final DhtScenario scenario;
    private final DhtCrowd crowd;
    private final Set<PeerId> attackers = new HashSet<>();
    private final List<DhtPeer> victims = new ArrayList<>();
    private final Set<DhtPeer> eclipsed = new HashSet<>();
    private final List<Integer> percentOfTable = new ArrayList<>();
    private final List<Integer> percentFound = new ArrayList<>();
    private long restarts;

    /**
     * A simulation that tells {@code progress} how far it is.
     *
     * @param victims at least 1, at most half of the nodes
     */
    DhtEclipseSim(int nodes, int victims, Duration span, long seed, Consumer<String> progress) {
        this.progress = progress;
        this.nodes = nodes;
        this.wanted = victims;
        this.span = span;
        this.world = new DhtWorld(seed, 0);
        this.scenario = new DhtScenario(world, Duration.ofHours(1), DhtConfig.Search.defaults());
        this.crowd = new DhtCrowd(world);
    }

    /** Runs it and returns the figures by name. */
    Map<String, Object> run() throws IOException, InterruptedException {
        world.time().run(this::live);
        Collections.sort(percentOfTable);
        Collections.sort(percentFound);
        var figures = new LinkedHashMap<String, Object>();
        figures.put("nodes", nodes);
        figures.put("attackers", attackers.size());
        figures.put("subnets", SUBNETS);
        figures.put("churnPerHour", CHURN_PER_HOUR);
        figures.put("left", scenario.left());
        figures.put("victims", victims.size());
        figures.put("restarts", restarts);
        figures.put("checks", percentOfTable.size());
        figures.put("eclipsed", eclipsed.size());
        figures.put("attackersInTablePercentMedian", DhtSim.at(percentOfTable, 0.5));
        figures.put("attackersInTablePercentMax", DhtSim.at(percentOfTable, 1));
        figures.put("attackersFoundPercentMedian", DhtSim.at(percentFound, 0.5));
        figures.put("attackersFoundPercentMax", DhtSim.at(percentFound, 1));
        figures.put("virtualSeconds", world.time().elapsed().toSeconds());
        figures.put("questions", world.trace().events());
        figures.put("trace", world.trace().hash());
        return figures;
    }

    private void live() throws InterruptedException {
        int bad = (int) (nodes * ATTACKERS);
        world.report(progress);
        scenario.grow(nodes - bad, Duration.ofMillis(60L * nodes));
        chooseVictims();
        attack(bad);
        scenario.churn(CHURN_PER_HOUR);
        int hours = (int) Math.max(1, span.toHours());
        for (int hour = 0; hour < hours; hour++) {
            for (int i = 0; i < victims.size(); i++) {
                var victim = victims.get(i);
                for (int restart = 1; restart <= RESTARTS; restart++) {
                    if (hour == (restart * hours / (RESTARTS + 1) + i) % hours) {
                        world.time().fork("restart", () -> restart(victim));
                    }
                }
            }
            pester();
            world.time().sleep(Duration.ofMinutes(60));
            for (var victim : victims) {
                check(victim);
            }
        }
    }

    private void chooseVictims() {
        for (var peer : world.living()) {
            if (victims.size() < wanted && peer.isPublic()) {
                peer.protect();
                victims.add(peer);
            }
        }
    }

    private void attack(int count) {
        int prefix = (int) (Math.log(nodes) / Math.log(2));
        for (int i = 0; i < count; i++) {
            var id =
                    i % 2 == 0
                            ? world.randomId()
                            : world.idNear(victims.get(i / 2 % victims.size()).key(), prefix);
            var address = "/ip4/99.0." + i % SUBNETS + "." + (1 + i / SUBNETS) + "/tcp/4001";
            crowd.add(world.peer(id, Multiaddr.parse(address), Reach.PUBLIC));
            attackers.add(id);
        }
    }

    /** Every attacker asks every victim something, within the hour. */
    private void pester() {
        for (var victim : victims) {
            for (var member : crowd.members()) {
                var when = Duration.ofSeconds(world.random().nextInt(3600));
                world.time().at(when, () -> crowd.approach(member, victim));
            }
        }
    }

    private void restart(DhtPeer victim) {
        try {
            world.time().sleep(Duration.ofSeconds(world.random().nextInt(1800)));
            victim.vanish();
            world.time().sleep(Duration.ofMinutes(5));
            victim.reappear();
            restarts++;
            world.time().at(Duration.ofMillis(1), () -> crowd.approach(victim));
            scenario.enter(victim, List.of());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** A victim is eclipsed when it knows nobody else, or finds nobody else. */
    private void check(DhtPeer victim) throws InterruptedException {
        var known = victim.dht().knownPeers();
        int bad = 0;
        for (var peer : known) {
            bad += attackers.contains(peer.id()) ? 1 : 0;
        }
        int found = 0;
        int badFound = 0;
        for (int i = 0; i < CHECK_LOOKUPS; i++) {
            var key = Key.of(world.randomId());
            for (var peer : victim.dht().lookUp(key).closest()) {
                found++;
                badFound += attackers.contains(peer.id()) ? 1 : 0;
            }
        }
        percentOfTable.add(known.isEmpty() ? 100 : 100 * bad / known.size());
        percentFound.add(found == 0 ? 100 : 100 * badFound / found);
        if (bad == known.size() || badFound == found) {
            eclipsed.add(victim);
        }
    }
}
