package tensorlink.p2p.gossip;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.peer.PeerId;

/**
 * What each peer has earned, P1 to P7 of gossipsub 1.1. Counters only; what follows from a score is
 * decided by {@link GossipRouter}.
 *
 * <p>A peer that leaves with a bad score is remembered, so that leaving does not wash it clean; one
 * that leaves with a good score is forgotten, so that merits cannot be stored up.
 *
 * <p>The specification caps the sum over all topics; here the cap is on the merits, before faults
 * are taken off. Else a peer with merits on many topics could pay for being silent on one
 * (CVE-2022-47547).
 */
final class PeerScore {
    private final ScoreConfig config;
    private final int retainedMax;
    private final Map<String, TopicScore> topics = new HashMap<>();
    private final Map<PeerId, Standing> standings = new HashMap<>();
    private final Set<PeerId> retained = new LinkedHashSet<>();
    private final Map<String, Set<PeerId>> byAddress = new HashMap<>();
    private long refreshedAt;

    PeerScore(ScoreConfig config, int retainedMax) {
        this.config = config;
        this.retainedMax = retainedMax;
    }

    void judge(String topic, TopicScore rules) {
        topics.put(topic, rules);
    }

    /** Ends the judgement of a topic, and with it what anybody earned on it. */
    void dismiss(String topic) {
        topics.remove(topic);
        for (var standing : standings.values()) {
            standing.conducts.remove(topic);
        }
    }

    /** Whether silence is a fault on {@code topic}: a copy that we declined would look like it. */
    boolean countsDeliveries(String topic) {
        var rules = topics.get(topic);
        return rules != null && rules.deliveryWeight() < 0;
    }

    /** How long after the first copy another one still counts as delivered. */
    Duration deliveryWindow(String topic) {
        var rules = topics.get(topic);
        return rules == null ? Duration.ZERO : rules.deliveryWindow();
    }

    // Peers come and go.

    /**
     * @param address what peers of one machine have in common; empty when that does not count
     */
    void connected(PeerId peer, String address) {
        var standing = standings.computeIfAbsent(peer, any -> new Standing());
        retained.remove(peer);
        standing.isConnected = true;
        moveTo(peer, standing, address);
    }

    void disconnected(PeerId peer, long now) {
        var standing = standings.get(peer);
        if (standing == null) {
            return;
        }
        if (score(peer, standing) >= 0) {
            forget(peer, standing);
            return;
        }
        for (var topic : Set.copyOf(standing.conducts.keySet())) {
            pruned(peer, topic);
        }
        for (var conduct : standing.conducts.values()) {
            conduct.firsts = 0;
            conduct.meshTime = 0;
        }
        standing.isConnected = false;
        standing.forgetAt = now + config.retention().toNanos();
        retained.add(peer);
        if (retained.size() > retainedMax) {
            var oldest = retained.iterator().next();
            forget(oldest, standings.getOrDefault(oldest, standing));
        }
    }

    private void forget(PeerId peer, Standing standing) {
        moveTo(peer, standing, "");
        standings.remove(peer);
        retained.remove(peer);
    }

    private void moveTo(PeerId peer, Standing standing, String address) {
        var neighbours = byAddress.get(standing.address);
        if (neighbours != null) {
            neighbours.remove(peer);
            if (neighbours.isEmpty()) {
                byAddress.remove(standing.address);
            }
        }
        standing.address = address;
        if (!address.isEmpty()) {
            byAddress.computeIfAbsent(address, any -> new LinkedHashSet<>()).add(peer);
        }
    }

    // Conduct.

    void grafted(PeerId peer, String topic, long now) {
        var conduct = conduct(peer, topic);
        if (conduct != null) {
            conduct.inMesh = true;
            conduct.graftedAt = now;
            conduct.meshTime = 0;
            conduct.mustDeliver = false;
            conduct.deliveries = 0;
        }
    }

    void pruned(PeerId peer, String topic) {
        var conduct = conduct(peer, topic);
        var rules = topics.get(topic);
        if (conduct != null && rules != null && conduct.inMesh) {
            double missing = conduct.missing(rules);
            conduct.failures += missing * missing;
            conduct.inMesh = false;
            conduct.mustDeliver = false;
        }
    }

    /** {@code peer} was the first to bring a valid message. */
    void first(PeerId peer, String topic) {
        var conduct = conduct(peer, topic);
        var rules = topics.get(topic);
        if (conduct != null && rules != null) {
            conduct.firsts = Math.min(conduct.firsts + 1, rules.firstMax());
            delivered(peer, topic);
        }
    }

    /** {@code peer} brought a valid message in time, first or not. */
    void delivered(PeerId peer, String topic) {
        var conduct = conduct(peer, topic);
        var rules = topics.get(topic);
        if (conduct != null && rules != null && conduct.inMesh) {
            conduct.deliveries = Math.min(conduct.deliveries + 1, rules.deliveryMax());
        }
    }

    /** {@code peer} brought what must not be passed on. */
    void invalid(PeerId peer, String topic) {
        var conduct = conduct(peer, topic);
        if (conduct != null) {
            conduct.invalids++;
        }
    }

    /** {@code peer} broke the protocol. */
    void breached(PeerId peer, int times) {
        var standing = standings.get(peer);
        if (standing != null) {
            standing.breaches += times;
        }
    }

    private @Nullable Conduct conduct(PeerId peer, String topic) {
        var standing = standings.get(peer);
        return standing == null || !topics.containsKey(topic)
                ? null
                : standing.conducts.computeIfAbsent(topic, any -> new Conduct());
    }

    // Time.

    /** Lets everything decay once for each interval that has passed. */
    void refresh(long now) {
        long interval = config.decayInterval().toNanos();
        if (refreshedAt == 0) {
            refreshedAt = now;
        }
        boolean isDue = now - refreshedAt >= interval;
        if (isDue) {
            long times = (now - refreshedAt) / interval;
            refreshedAt += times * interval;
            for (var standing : standings.values()) {
                if (standing.isConnected) {
                    decay(standing, times);
                }
            }
        }
        for (var standing : standings.values()) {
            age(standing, now);
        }
        for (var peer : Set.copyOf(retained)) {
            var standing = standings.get(peer);
            if (standing != null && now >= standing.forgetAt) {
                forget(peer, standing);
            }
        }
    }

    private void decay(Standing standing, long times) {
        standing.breaches = decayed(standing.breaches, config.conductDecay(), times);
        for (var entry : standing.conducts.entrySet()) {
            var rules = topics.get(entry.getKey());
            var conduct = entry.getValue();
            if (rules != null) {
                conduct.firsts = decayed(conduct.firsts, rules.firstDecay(), times);
                conduct.deliveries = decayed(conduct.deliveries, rules.deliveryDecay(), times);
                conduct.failures = decayed(conduct.failures, rules.failureDecay(), times);
                conduct.invalids = decayed(conduct.invalids, rules.invalidDecay(), times);
            }
        }
    }

    private double decayed(double value, double factor, long times) {
        double less = value * (times == 1 ? factor : Math.pow(factor, (double) times));
        return less < config.zero() ? 0 : less;
    }

    private void age(Standing standing, long now) {
        for (var entry : standing.conducts.entrySet()) {
            var rules = topics.get(entry.getKey());
            var conduct = entry.getValue();
            if (rules != null && conduct.inMesh) {
                conduct.meshTime = now - conduct.graftedAt;
                conduct.mustDeliver = conduct.meshTime > rules.deliveryActivation().toNanos();
            }
        }
    }

    // The sum.

    /** 0 for a peer of whom nothing is known. */
    double score(PeerId peer) {
        var standing = standings.get(peer);
        return standing == null ? 0 : score(peer, standing);
    }

    private double score(PeerId peer, Standing standing) {
        double merits = 0;
        double faults = 0;
        for (var entry : standing.conducts.entrySet()) {
            var rules = topics.get(entry.getKey());
            if (rules != null) {
                merits += rules.weight() * entry.getValue().merits(rules);
                faults += rules.weight() * entry.getValue().faults(rules);
            }
        }
        double sum = Math.min(merits, config.topicMax()) + faults;
        sum += config.applicationWeight() * config.application().applyAsDouble(peer);
        sum += addressPenalty(standing);
        double breaches = Math.max(0, standing.breaches - config.conductThreshold());
        return sum + config.conductWeight() * breaches * breaches;
    }

    private double addressPenalty(Standing standing) {
        var neighbours = byAddress.get(standing.address);
        int surplus = neighbours == null ? 0 : neighbours.size() - config.addressThreshold();
        return surplus <= 0 ? 0 : config.addressWeight() * surplus * surplus;
    }

    /** How the score of {@code peer} comes about. */
    ScoreReport report(PeerId peer) {
        var standing = standings.get(peer);
        if (standing == null) {
            return new ScoreReport(0, Map.of(), 0, 0, 0);
        }
        var perTopic = new LinkedHashMap<String, ScoreReport.OnTopic>();
        for (var entry : standing.conducts.entrySet()) {
            var rules = topics.get(entry.getKey());
            if (rules != null) {
                perTopic.put(entry.getKey(), entry.getValue().report(rules));
            }
        }
        return new ScoreReport(
                score(peer, standing),
                perTopic,
                config.application().applyAsDouble(peer),
                addressPenalty(standing),
                standing.breaches);
    }

    /** One peer. */
    private static final class Standing {
        final Map<String, Conduct> conducts = new HashMap<>();
        String address = "";
        boolean isConnected;
        double breaches;
        long forgetAt;
    }

    /** One peer on one topic. */
    private static final class Conduct {
        boolean inMesh;
        boolean mustDeliver;
        long graftedAt;
        long meshTime;
        double firsts;
        double deliveries;
        double failures;
        double invalids;

        double merits(TopicScore rules) {
            return meshPoints(rules) * rules.meshTimeWeight() + firsts * rules.firstWeight();
        }

        double faults(TopicScore rules) {
            double missing = missing(rules);
            return missing * missing * rules.deliveryWeight()
                    + failures * rules.failureWeight()
                    + invalids * invalids * rules.invalidWeight();
        }

        double meshPoints(TopicScore rules) {
            return inMesh
                    ? Math.min(
                            (double) meshTime / rules.meshTimeQuantum().toNanos(),
                            rules.meshTimeMax())
                    : 0;
        }

        double missing(TopicScore rules) {
            return mustDeliver ? Math.max(0, rules.deliveryThreshold() - deliveries) : 0;
        }

        ScoreReport.OnTopic report(TopicScore rules) {
            return new ScoreReport.OnTopic(
                    meshPoints(rules),
                    firsts,
                    deliveries,
                    missing(rules),
                    failures,
                    invalids,
                    merits(rules) + faults(rules));
        }
    }
}
