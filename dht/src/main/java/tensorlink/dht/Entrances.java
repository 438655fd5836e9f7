package tensorlink.dht;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Decides whom to knock at and when. Sources come and go with their peers; a peer that fails is
 * tried again after ever longer pauses, shorter ones while we are alone. Sources take turns, so one
 * that names many peers, as a liar on the local network may, does not keep us from those of the
 * others. Pure: the caller does the knocking. To be used by one thread at a time.
 */
final class Entrances {
    /** What one source may name at a time; the rest is not heard. */
    static final int PEERS_PER_SOURCE_MAX = 32;

    private static final int ADDRESSES_MAX = KadCodec.ADDRESSES_MAX;
    private static final int DOUBLINGS_MAX = 20;

    private final PeerId self;
    private final DhtConfig.Intervals intervals;
    private final RandomGenerator random;
    private final Map<String, Origin> origins = new LinkedHashMap<>();
    private final Map<PeerId, Way> ways = new LinkedHashMap<>();

    Entrances(PeerId self, DhtConfig.Intervals intervals, RandomGenerator random) {
        this.self = self;
        this.intervals = intervals;
        this.random = random;
    }

    /** A source and whom it named last. */
    private static final class Origin {
        private List<PeerInfo> named = List.of();
        private Optional<String> problem = Optional.empty();
    }

    /** What we know of a peer that may let us in. */
    private static final class Way {
        private boolean isOpen;
        private int failures;

        /** Knocks answered since we were last not alone: there, but of no help. */
        private int vain;

        private @Nullable IOException cause;
        private @Nullable Instant tried;
        private @Nullable Instant answered;
        private double spread = 1;
    }

    /** Takes what {@code source} names now in place of what it named before. */
    void named(String source, List<PeerInfo> peers) {
        var named = new LinkedHashMap<PeerId, PeerInfo>();
        for (var peer : peers) {
            if (!peer.id().equals(self) && named.size() < PEERS_PER_SOURCE_MAX) {
                named.merge(peer.id(), peer, Entrances::merged);
            }
        }
        var origin = origins.computeIfAbsent(source, _ -> new Origin());
        origin.named = List.copyOf(named.values());
        origin.problem = Optional.empty();
        named.keySet().forEach(id -> ways.computeIfAbsent(id, _ -> new Way()));
        ways.entrySet().removeIf(way -> !way.getValue().isOpen && !isNamed(way.getKey()));
    }

    /** Notes that {@code source} could not be asked; whom it named before still counts. */
    void silent(String source, String problem) {
        origins.computeIfAbsent(source, _ -> new Origin()).problem = Optional.of(problem);
    }

    private static PeerInfo merged(PeerInfo one, PeerInfo other) {
        var addresses = new LinkedHashSet<Multiaddr>(one.addresses());
        addresses.addAll(other.addresses());
        var some = new ArrayList<>(addresses);
        return new PeerInfo(one.id(), some.subList(0, Math.min(ADDRESSES_MAX, some.size())));
    }

    private boolean isNamed(PeerId peer) {
        for (var origin : origins.values()) {
            for (var named : origin.named) {
                if (named.id().equals(peer)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Everybody who is not being knocked at already, to be knocked at now. */
    List<PeerInfo> all() {
        return open(_ -> true);
    }

    /**
     * Whom to knock at now; each must be reported later.
     *
     * @param isKnown who needs no knock, being there
     * @param alone whether nobody at all is known
     */
    List<PeerInfo> due(Instant now, boolean alone, Predicate<PeerId> isKnown) {
        if (!alone) {
            ways.values().forEach(way -> way.vain = 0);
        }
        return open(peer -> !isKnown.test(peer) && !dueAt(peer, alone).isAfter(now));
    }

    private List<PeerInfo> open(Predicate<PeerId> condition) {
        var chosen = new LinkedHashMap<PeerId, PeerInfo>();
        for (int i = 0; i < PEERS_PER_SOURCE_MAX; i++) {
            for (var origin : origins.values()) {
                if (i < origin.named.size()) {
                    var peer = origin.named.get(i);
                    if (!way(peer.id()).isOpen && condition.test(peer.id())) {
                        chosen.merge(peer.id(), peer, Entrances::merged);
                    }
                }
            }
        }
        chosen.keySet().forEach(peer -> way(peer).isOpen = true);
        return List.copyOf(chosen.values());
    }

    private Way way(PeerId peer) {
        return ways.computeIfAbsent(peer, _ -> new Way());
    }

    void answered(PeerId peer, Instant now) {
        var way = way(peer);
        way.isOpen = false;
        way.vain++;
        way.failures = 0;
        way.cause = null;
        way.tried = now;
        way.answered = now;
    }

    void failed(PeerId peer, IOException cause, Instant now) {
        var way = way(peer);
        way.isOpen = false;
        way.vain = 0;
        way.failures++;
        way.cause = cause;
        way.tried = now;
        way.spread = random.nextDouble(0.9, 1.1);
    }

    /**
     * Those that failed last time and are known now: they have come in by another way, as those do
     * who dial us.
     */
    List<PeerInfo> cameIn(Predicate<PeerId> isKnown, Instant now) {
        var came = new LinkedHashMap<PeerId, PeerInfo>();
        for (var origin : origins.values()) {
            for (var peer : origin.named) {
                var way = way(peer.id());
                if (way.failures > 0 && !way.isOpen && isKnown.test(peer.id())) {
                    came.merge(peer.id(), peer, Entrances::merged);
                }
            }
        }
        came.keySet().forEach(peer -> answered(peer, now));
        return List.copyOf(came.values());
    }

    /** Takes back that {@code peers} are being knocked at. */
    void calledOff(List<PeerInfo> peers) {
        peers.forEach(peer -> way(peer.id()).isOpen = false);
    }

    /** For how long nothing has to be done; at most until the next look whether we are alone. */
    Duration pause(Instant now, boolean alone, Predicate<PeerId> isKnown) {
        var next = now.plus(intervals.rejoinMax());
        for (var way : ways.entrySet()) {
            if (!way.getValue().isOpen && !isKnown.test(way.getKey())) {
                var due = dueAt(way.getKey(), alone);
                next = due.isBefore(next) ? due : next;
            }
        }
        return next.isAfter(now) ? Duration.between(now, next) : Duration.ZERO;
    }

    /** One that answered is asked again only when we are alone. */
    private Instant dueAt(PeerId peer, boolean alone) {
        var way = way(peer);
        if (way.tried == null) {
            return Instant.MIN;
        }
        if (way.failures == 0 && !alone) {
            return Instant.MAX;
        }
        var cap = alone ? intervals.rejoinMax() : intervals.refresh();
        int doublings = Math.clamp(way.failures + way.vain - 1, 0, DOUBLINGS_MAX);
        var pause = intervals.rejoinMin().multipliedBy(1L << doublings);
        pause = pause.compareTo(cap) < 0 ? pause : cap;
        return way.tried.plusNanos((long) (pause.toNanos() * way.spread));
    }

    /** Who is known, or has answered a knock and not failed since. */
    List<PeerInfo> answering(Predicate<PeerId> isKnown) {
        var answering = new LinkedHashMap<PeerId, PeerInfo>();
        for (var origin : origins.values()) {
            for (var peer : origin.named) {
                var way = way(peer.id());
                if (isKnown.test(peer.id()) || (way.answered != null && way.failures == 0)) {
                    answering.merge(peer.id(), peer, Entrances::merged);
                }
            }
        }
        return List.copyOf(answering.values());
    }

    EntranceReport report(
            boolean alone, Predicate<PeerId> isKnown, Optional<EntranceReport.Split> split) {
        var sources = new ArrayList<EntranceReport.Source>();
        var peers = new LinkedHashMap<PeerId, PeerInfo>();
        var namedBy = new LinkedHashMap<PeerId, List<String>>();
        origins.forEach((name, origin) -> {
            sources.add(new EntranceReport.Source(name, origin.named.size(), origin.problem));
            for (var peer : origin.named) {
                peers.merge(peer.id(), peer, Entrances::merged);
                namedBy.computeIfAbsent(peer.id(), _ -> new ArrayList<>()).add(name);
            }
        });
        var entrances = new ArrayList<EntranceReport.Entrance>();
        for (var peer : peers.values()) {
            var way = way(peer.id());
            boolean known = isKnown.test(peer.id());
            entrances.add(
                    new EntranceReport.Entrance(
                            peer,
                            namedBy.getOrDefault(peer.id(), List.of()),
                            known,
                            Optional.ofNullable(way.answered),
                            known ? Optional.empty() : failure(peer.id(), way, alone)));
        }
        return new EntranceReport(sources, entrances, split);
    }

    private Optional<EntranceReport.Failure> failure(PeerId peer, Way way, boolean alone) {
        return way.cause == null || way.tried == null
                ? Optional.empty()
                : Optional.of(
                        new EntranceReport.Failure(
                                way.cause, way.tried, way.failures, dueAt(peer, alone)));
    }
}
