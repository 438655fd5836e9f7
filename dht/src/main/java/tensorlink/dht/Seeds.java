package tensorlink.dht;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The ways into the network, the bootstrap peers and the anchors of an earlier life, taken at first
 * and again whenever the routing table is empty. Safe for use by any thread.
 */
final class Seeds {
    private static final Logger log = LoggerFactory.getLogger(Seeds.class);

    private final KadNetwork network;
    private final DhtConfig config;
    private final Contacts contacts;

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<PeerId, PeerInfo> seeds = new LinkedHashMap<>();

    Seeds(KadNetwork network, DhtConfig config, Contacts contacts) {
        this.network = network;
        this.config = config;
        this.contacts = contacts;
    }

    /** Remembers whom an earlier life of this node knew best. */
    void remember(List<PeerInfo> anchors) {
        lock.lock();
        try {
            for (var anchor : anchors) {
                seeds.put(anchor.id(), anchor);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Remembers {@code peers} and asks each of them and of the anchors something. */
    BootstrapReport join(List<PeerInfo> peers) throws InterruptedException {
        var others = new ArrayList<>(peers);
        others.removeIf(peer -> peer.id().equals(network.self().id()));
        lock.lock();
        try {
            for (var peer : others) {
                seeds.put(peer.id(), peer);
                network.pin(peer);
            }
        } finally {
            lock.unlock();
        }
        return knock(all());
    }

    /** Knocks again while the table is empty, each time after a longer pause, until interrupted. */
    void keepUp(Refresh refresh) throws InterruptedException {
        var pauses = new Backoff(config.intervals().rejoinMin(), config.intervals().rejoinMax());
        while (true) {
            if (contacts.table().isEmpty()) {
                config.scheduler().sleep(config.spread(pauses.next()));
            } else {
                pauses.reset();
                config.scheduler().sleep(config.intervals().rejoinMax());
            }
            if (contacts.table().isEmpty()) {
                log.info("alone in the network, knocked again: {}", knock(all()));
                refresh.findNeighbours();
                refresh.findOthers();
            }
        }
    }

    private List<PeerInfo> all() {
        lock.lock();
        try {
            return List.copyOf(seeds.values());
        } finally {
            lock.unlock();
        }
    }

    private BootstrapReport knock(List<PeerInfo> peers) throws InterruptedException {
        var answered = new ArrayList<PeerInfo>();
        var failures = new ArrayList<BootstrapReport.Failure>();
        var outcomes = Errands.all(config.scheduler(), config.search().alpha(), peers, this::knock);
        for (var outcome : outcomes) {
            switch (outcome) {
                case Knock.Answered(var peer) -> answered.add(peer);
                case Knock.Failed(var failure) -> failures.add(failure);
            }
        }
        return new BootstrapReport(answered, failures);
    }

    private Knock knock(PeerInfo peer) throws InterruptedException {
        try {
            network.ask(peer, new KadRequest.FindNode(Key.of(network.self().id())));
            contacts.answered(peer);
            return new Knock.Answered(peer);
        } catch (IOException silent) {
            contacts.failed(peer.id(), silent);
            return new Knock.Failed(new BootstrapReport.Failure(peer, silent));
        }
    }

    private sealed interface Knock {
        record Answered(PeerInfo peer) implements Knock {}

        record Failed(BootstrapReport.Failure failure) implements Knock {}
    }
}
