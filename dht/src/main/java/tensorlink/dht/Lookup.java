package tensorlink.dht;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * One walk towards a key: whom to ask next, and when to stop. Asks nobody itself.
 *
 * <p>The caller asks the peers of {@link #next} and reports each as {@link #answered} or {@link
 * #failed}, in any order. At most {@code alpha} questions are open at a time, and only to peers
 * that are among the {@code k} closest known of those that have not failed. The walk is over when
 * the {@code resiliency} closest of them have answered, when nobody is left to ask, or when {@code
 * peersAskedMax} were asked: peers that answer with ever closer inventions cannot keep it going.
 *
 * <p>A walk may take several disjoint paths, each of which begins with its share of the first peers
 * and follows only what those on it say; a peer is asked on the first path that comes to it and on
 * no other. The walk is over when all of its paths are, and its result is the best of them
 * together.
 *
 * <p>A peer reported as {@link #slow} no longer holds the others up, since most such peers are
 * gone; its answer is still welcome, and waited for when nobody else is left.
 *
 * <p>With {@code resiliency} at beta the walk finds the way to the key; with k it has spoken with
 * everybody who should hold what is stored there. Not safe for use by several threads.
 */
final class Lookup {
    /** Several peers may tell where one is; some of them lie. */
    private static final int ADDRESSES_MAX = 32;

    private final PeerId self;
    private final Key target;
    private final DhtConfig.Search search;
    private final int resiliency;
    private final List<Path> paths = new ArrayList<>();

    /** Everybody heard of, on whichever paths. */
    private final Map<PeerId, Candidate> byPeer = new HashMap<>();

    private int turn;
    private int waiting;
    private int slow;
    private int asked;

    Lookup(PeerId self, Key target, DhtConfig.Search search, int resiliency, int pathCount) {
        this.self = self;
        this.target = target;
        this.search = search;
        this.resiliency = resiliency;
        for (int i = 0; i < pathCount; i++) {
            paths.add(new Path());
        }
    }

    /** Takes the peers to begin with, and deals them out to the paths. */
    void start(List<PeerInfo> known) {
        for (int i = 0; i < known.size(); i++) {
            paths.get(i % paths.size()).hear(List.of(known.get(i)), 1);
        }
    }

    /** The peers to ask now; each must be reported later. */
    List<PeerInfo> next() {
        var batch = new ArrayList<PeerInfo>();
        int idle = 0;
        while (idle < paths.size() && waiting < search.alpha() && asked < search.peersAskedMax()) {
            var path = paths.get(turn);
            var candidate = path.next();
            turn = (turn + 1) % paths.size();
            if (candidate == null) {
                idle++;
            } else {
                idle = 0;
                candidate.state = State.WAITING;
                candidate.path = path;
                waiting++;
                asked++;
                batch.add(candidate.info);
            }
        }
        return batch;
    }

    /** {@code peer} answered and named {@code closer} peers. */
    void answered(PeerId peer, List<PeerInfo> closer) {
        var candidate = reported(peer);
        candidate.state = State.ANSWERED;
        Objects.requireNonNull(candidate.path).hear(closer, candidate.hop + 1);
    }

    /** {@code peer} could not be asked or gave no good answer. */
    void failed(PeerId peer) {
        reported(peer).state = State.FAILED;
    }

    /**
     * {@code peer} takes longer than others to answer; without effect when it has been reported.
     */
    void slow(PeerId peer) {
        var candidate = byPeer.get(peer);
        if (candidate != null && candidate.state == State.WAITING) {
            candidate.state = State.SLOW;
            waiting--;
            slow++;
        }
    }

    /** Whether there is nothing to wait for after {@link #next} has been called. */
    boolean isDone() {
        if (waiting + slow == 0) {
            return true;
        }
        for (var path : paths) {
            if (!path.converged()) {
                return false;
            }
        }
        return true;
    }

    /** The closest peers that answered, at most {@code k}, closest first. */
    List<PeerInfo> closest() {
        var closest = new ArrayList<PeerInfo>();
        for (var candidate : nearest(search.k())) {
            closest.add(candidate.info);
        }
        return closest;
    }

    /** Everybody that answered, closest first. */
    List<PeerInfo> allAnswered() {
        var all = new ArrayList<PeerInfo>();
        for (var candidate : nearest(Integer.MAX_VALUE)) {
            all.add(candidate.info);
        }
        return all;
    }

    private List<Candidate> nearest(int count) {
        var answered = new ArrayList<Candidate>();
        for (var candidate : byPeer.values()) {
            if (candidate.state == State.ANSWERED) {
                answered.add(candidate);
            }
        }
        answered.sort((left, right) -> target.compareDistances(left.key, right.key));
        return answered.subList(0, Math.min(count, answered.size()));
    }

    /** Who is still slow. */
    List<PeerInfo> slow() {
        var peers = new ArrayList<PeerInfo>();
        for (var candidate : byPeer.values()) {
            if (candidate.state == State.SLOW) {
                peers.add(candidate.info);
            }
        }
        return peers;
    }

    /** Everything heard about where {@code peer} is. */
    List<Multiaddr> heardOf(PeerId peer) {
        var candidate = byPeer.get(peer);
        return candidate == null ? List.of() : candidate.info.addresses();
    }

    /** How many peers were asked. */
    int asked() {
        return asked;
    }

    /**
     * How many steps led to the closest peer that answered: 1 when we knew it before; 0 for none.
     */
    int hops() {
        var closest = nearest(1);
        return closest.isEmpty() ? 0 : closest.getFirst().hop;
    }

    /**
     * The longest way to one of the {@code k} closest: how many questions had to follow another.
     */
    int rounds() {
        int rounds = 0;
        for (var candidate : nearest(search.k())) {
            rounds = Math.max(rounds, candidate.hop);
        }
        return rounds;
    }

    /**
     * How many peers the network would have if they were everywhere as dense as those heard of
     * around the target and not known to be gone; 0 when fewer than {@code k} were heard of. The
     * distance of the i-th closest of n peers is i / (n + 1) on average; this is the n that fits
     * the {@code k} closest best by least squares.
     */
    double density() {
        var known = new ArrayList<Key>();
        for (var candidate : byPeer.values()) {
            if (candidate.state != State.FAILED && candidate.state != State.SLOW) {
                known.add(candidate.key);
            }
        }
        int k = search.k();
        if (known.size() < k) {
            return 0;
        }
        known.sort(target.byDistance());
        double squares = 0;
        double products = 0;
        for (int i = 1; i <= k; i++) {
            squares += (double) i * i;
            products += i * target.distance(known.get(i - 1));
        }
        return products == 0 ? 0 : squares / products - 1;
    }

    private Candidate reported(PeerId peer) {
        var candidate = Objects.requireNonNull(byPeer.get(peer), "peer of this lookup");
        switch (candidate.state) {
            case WAITING -> waiting--;
            case SLOW -> slow--;
            case HEARD, ANSWERED, FAILED ->
                    throw new IllegalStateException(peer + " is not asked, but " + candidate.state);
        }
        return candidate;
    }

    private enum State {
        HEARD,
        WAITING,
        SLOW,
        ANSWERED,
        FAILED
    }

    /** What is known on one of the disjoint ways to the target. */
    private final class Path {
        /** Closest to the target first. */
        private final TreeMap<Key, Candidate> candidates = new TreeMap<>(target.byDistance());

        /** Whom to ask next; null when nobody is to be asked now. */
        @Nullable Candidate next() {
            int inReach = 0;
            int answered = 0;
            boolean unbroken = true;
            for (var candidate : candidates.values()) {
                if (inReach == search.k()) {
                    return null;
                }
                switch (candidate.state) {
                    case HEARD -> {
                        return candidate;
                    }
                    case WAITING -> {
                        unbroken = false;
                        inReach++;
                    }
                    case ANSWERED -> {
                        inReach++;
                        answered++;
                        if (unbroken && answered == resiliency) {
                            return null;
                        }
                    }
                    case SLOW, FAILED -> {}
                }
            }
            return null;
        }

        boolean converged() {
            int answered = 0;
            for (var candidate : candidates.values()) {
                switch (candidate.state) {
                    case ANSWERED -> {
                        answered++;
                        if (answered == resiliency) {
                            return true;
                        }
                    }
                    case HEARD, WAITING -> {
                        return false;
                    }
                    case SLOW, FAILED -> {}
                }
            }
            return false;
        }

        void hear(List<PeerInfo> peers, int hop) {
            for (var peer : peers) {
                if (peer.id().equals(self)) {
                    continue;
                }
                var known = byPeer.get(peer.id());
                if (known == null) {
                    known = new Candidate(peer, hop);
                    byPeer.put(peer.id(), known);
                } else {
                    known.learn(peer.addresses());
                }
                candidates.put(known.key, known);
            }
        }
    }

    private static final class Candidate {
        private PeerInfo info;
        private final Key key;
        private final int hop;
        private State state = State.HEARD;

        /** Who was the first to ask it, and alone follows what it says. */
        private @Nullable Path path;

        Candidate(PeerInfo info, int hop) {
            this.info = info;
            this.key = Key.of(info.id());
            this.hop = hop;
        }

        void learn(List<Multiaddr> more) {
            if (info.addresses().containsAll(more)) {
                return;
            }
            var all = new LinkedHashSet<>(info.addresses());
            for (var address : more) {
                if (all.size() < ADDRESSES_MAX) {
                    all.add(address);
                }
            }
            info = new PeerInfo(info.id(), List.copyOf(all));
        }
    }
}
