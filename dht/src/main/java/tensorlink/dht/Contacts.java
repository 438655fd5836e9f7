package tensorlink.dht;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Keeps the routing table true. A peer enters when it has answered us and says by identify that it
 * serves our protocol, with the addresses that it says itself; it leaves when it falls silent or
 * stops serving. Safe for use by any thread.
 */
final class Contacts implements KadNetwork.Listener {
    private static final Logger log = LoggerFactory.getLogger(Contacts.class);

    /** Beyond that many at a time newcomers go unnoticed until a lookup meets them. */
    private static final int CHECKS_MAX = 32;

    /** Who has answered since needs no check to keep its place from a newcomer. */
    private static final Duration FRESH = Duration.ofMinutes(1);

    private final KadNetwork network;
    private final DhtConfig config;
    private final Background background;
    private final RoutingTable table;

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<PeerId> checking = new HashSet<>();

    /** Who answered us before identify was through, the last {@code k} of them. */
    private final LinkedHashMap<PeerId, PeerInfo> unidentified = new LinkedHashMap<>();

    Contacts(KadNetwork network, DhtConfig config, Background background) {
        this.network = network;
        this.config = config;
        this.background = background;
        this.table = new RoutingTable(network.self().id(), config.search().k(), config.diversity());
    }

    RoutingTable table() {
        return table;
    }

    /** Whom a lookup for {@code target} asks first; the lost when there is nobody else. */
    List<PeerInfo> nearest(Key target) {
        int k = config.search().k();
        var nearest = table.closest(target, k);
        if (nearest.isEmpty()) {
            nearest.addAll(table.lost());
        }
        if (nearest.size() < k) {
            lock.lock();
            try {
                nearest.addAll(unidentified.values());
            } finally {
                lock.unlock();
            }
        }
        return nearest;
    }

    /** Where {@code peer} is by its own word; empty when it has never told. */
    Optional<PeerInfo> identified(PeerId peer) {
        return network.introduction(peer).map(KadNetwork.Introduction::info);
    }

    /** Notes that {@code peer} asked us something: it is there, and whoever knows it may go on. */
    void heardFrom(PeerId peer) {
        table.heardFrom(peer, config.scheduler().now());
    }

    /** Notes that {@code peer} answered a question of our protocol. */
    void answered(PeerInfo peer) {
        var said = network.introduction(peer.id());
        if (said.isEmpty()) {
            lock.lock();
            try {
                unidentified.putLast(peer.id(), peer);
                if (unidentified.size() > config.search().k()) {
                    unidentified.pollFirstEntry();
                }
            } finally {
                lock.unlock();
            }
            return;
        }
        if (said.get().serves()) {
            enter(said.get());
        }
    }

    /** Notes that {@code peer} could not be asked, for {@code cause}. */
    void failed(PeerId peer, IOException cause) {
        log.debug("{} does not answer: {}", peer.shortText(), cause.getMessage());
        forgetUnidentified(peer);
        if (cause instanceof UnsupportedProtocolException || cause instanceof ProtocolViolation) {
            table.remove(peer);
        } else {
            table.failed(peer);
        }
    }

    /** Looks at leisure whether {@code peer}, which took long to answer, is still there. */
    void doubt(PeerInfo peer) {
        if (table.contains(peer.id())) {
            checkLater(peer);
        }
    }

    /** Asks {@code peer} something, only to see whether it answers. */
    void check(PeerInfo peer) throws InterruptedException {
        try {
            network.ask(peer, new KadRequest.FindNode(Key.of(network.self().id())));
            answered(peer);
        } catch (IOException silent) {
            failed(peer.id(), silent);
        }
    }

    @Override
    public void introduced(PeerId peer) {
        boolean answered = forgetUnidentified(peer);
        var said = network.introduction(peer);
        if (said.isEmpty()) {
            return;
        }
        if (!said.get().serves()) {
            table.remove(peer);
        } else if (answered) {
            enter(said.get());
        } else if (table.hasRoomFor(peer)) {
            checkLater(said.get().info());
        }
    }

    private boolean forgetUnidentified(PeerId peer) {
        lock.lock();
        try {
            return unidentified.remove(peer) != null;
        } finally {
            lock.unlock();
        }
    }

    private void enter(KadNetwork.Introduction peer) {
        var now = config.scheduler().now();
        var toCheck = table.answered(Contact.of(peer, now));
        if (toCheck.isPresent() && toCheck.get().seen().plus(FRESH).isBefore(now)) {
            checkLater(toCheck.get().info());
        }
    }

    private void checkLater(PeerInfo peer) {
        lock.lock();
        try {
            if (checking.size() == CHECKS_MAX || !checking.add(peer.id())) {
                return;
            }
        } finally {
            lock.unlock();
        }
        background.start(
                "kad check",
                () -> {
                    try {
                        check(peer);
                    } finally {
                        checked(peer.id());
                    }
                });
    }

    private void checked(PeerId peer) {
        lock.lock();
        try {
            checking.remove(peer);
        } finally {
            lock.unlock();
        }
    }
}
