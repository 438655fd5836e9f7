package tensorlink.dht;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
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
 * <p>A peer reported as {@link #slow} no longer holds the others up, since most such peers are
 * gone; its answer is still welcome, and waited for when nobody else is left.
 *
 * <p>With {@code resiliency} at beta the walk finds the way to the key; with k it has spoken with
 * everybody who should hold what is stored there.
 *
 * <p>Not safe for use by several threads. Disjoint paths are several instances side by side, each
 * with its share of the first peers.
 */
final class Lookup {
    /** Several peers may tell where one is; some of them lie. */
    private static final int ADDRESSES_MAX = 32;

    private final PeerId self;
    private final DhtConfig.Search search;
    private final int resiliency;

    /** Closest to the target first. */
    private final TreeMap<Key, Candidate> candidates;

    private final Map<PeerId, Candidate> byPeer = new HashMap<>();
    private int waiting;
    private int slow;
    private int asked;

    Lookup(PeerId self, Key target, DhtConfig.Search search, int resiliency) {
        this.self = self;
        this.search = search;
        this.resiliency = resiliency;
        this.candidates = new TreeMap<>(target.byDistance());
    }

    /** Takes the peers to begin with. */
    void start(List<PeerInfo> known) {
        hear(known, 1);
    }

    /** The peers to ask now; each must be reported later. */
    List<PeerInfo> next() {
        var batch = new ArrayList<PeerInfo>();
        if (converged()) {
            return batch;
        }
        int inReach = 0;
        for (var candidate : candidates.values()) {
            if (inReach == search.k()
                    || waiting == search.alpha()
                    || asked == search.peersAskedMax()) {
                break;
            }
            switch (candidate.state) {
                case HEARD -> {
                    candidate.state = State.WAITING;
                    waiting++;
                    asked++;
                    inReach++;
                    batch.add(candidate.info);
                }
                case WAITING, ANSWERED -> inReach++;
                case SLOW, FAILED -> {}
            }
        }
        return batch;
    }

    /** {@code peer} answered and named {@code closer} peers. */
    void answered(PeerId peer, List<PeerInfo> closer) {
        var candidate = reported(peer);
        candidate.state = State.ANSWERED;
        hear(closer, candidate.hop + 1);
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
        return waiting + slow == 0 || converged();
    }

    /** The closest peers that answered, at most {@code k}, closest first. */
    List<PeerInfo> closest() {
        var closest = new ArrayList<PeerInfo>();
        for (var candidate : candidates.values()) {
            if (closest.size() == search.k()) {
                break;
            }
            if (candidate.state == State.ANSWERED) {
                closest.add(candidate.info);
            }
        }
        return closest;
    }

    /** Who is still slow. */
    List<PeerInfo> slow() {
        var peers = new ArrayList<PeerInfo>();
        for (var candidate : candidates.values()) {
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
        for (var candidate : candidates.values()) {
            if (candidate.state == State.ANSWERED) {
                return candidate.hop;
            }
        }
        return 0;
    }

    private boolean converged() {
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

    private void hear(List<PeerInfo> peers, int hop) {
        for (var peer : peers) {
            if (peer.id().equals(self)) {
                continue;
            }
            var known = byPeer.get(peer.id());
            if (known == null) {
                var candidate = new Candidate(peer, hop);
                byPeer.put(peer.id(), candidate);
                candidates.put(Key.of(peer.id()), candidate);
            } else {
                known.learn(peer.addresses());
            }
        }
    }

    private enum State {
        HEARD,
        WAITING,
        SLOW,
        ANSWERED,
        FAILED
    }

    private static final class Candidate {
        private PeerInfo info;
        private final int hop;
        private State state = State.HEARD;

        Candidate(PeerInfo info, int hop) {
            this.info = info;
            this.hop = hop;
        }

        void learn(List<Multiaddr> more) {
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
