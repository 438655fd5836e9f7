package tensorlink.dht;

import java.util.ArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.peer.PeerInfo;

/** Keeps every part of the routing table filled with peers that are there. */
final class Refresh {
    private static final Logger log = LoggerFactory.getLogger(Refresh.class);

    /** For how many intervals a lost peer is worth looking for. */
    private static final int LOST_INTERVALS = 6;

    /**
     * Deeper buckets than this exist only in networks of a million nodes, where finding a key for
     * them by trial takes longer than it is worth; our own neighbourhood is looked up anyway.
     */
    private static final int PREFIX_MAX = 15;

    private final KadNetwork network;
    private final DhtConfig config;
    private final Contacts contacts;
    private final LookupRun lookups;
    private final NetworkSize size;

    Refresh(
            KadNetwork network,
            DhtConfig config,
            Contacts contacts,
            LookupRun lookups,
            NetworkSize size) {
        this.network = network;
        this.config = config;
        this.contacts = contacts;
        this.lookups = lookups;
        this.size = size;
    }

    /** Refreshes everything now and then, until interrupted. */
    void keepUp() throws InterruptedException {
        while (true) {
            config.scheduler().sleep(config.spread(config.intervals().refresh()));
            checkTheSilent();
            findNeighbours();
            findOthers();
            log.debug("refreshed: {} peers known", contacts.table().status().peers());
        }
    }

    /** Looks up our own id, so that we and our neighbours know each other. */
    void findNeighbours() throws InterruptedException {
        size.sample(lookups.approach(Key.of(network.self().id())).density());
    }

    /**
     * Looks up a random key in every part of the table that has room, in those before it, and in
     * one that is full: everybody in a full one has been seen lately.
     */
    void findOthers() throws InterruptedException {
        var buckets = contacts.table().status().buckets();
        int deepest = buckets.isEmpty() ? -1 : Math.min(buckets.lastKey(), PREFIX_MAX);
        int lucky = deepest < 0 ? -1 : config.random().nextInt(deepest + 1);
        for (int prefix = 0; prefix <= deepest; prefix++) {
            if (prefix == lucky || buckets.getOrDefault(prefix, 0) < config.search().k()) {
                var key = Key.of(network.self().id()).random(prefix, config.random());
                size.sample(lookups.approach(key).density());
            }
        }
    }

    /**
     * Asks everybody not heard from for an interval whether they are still there, but for those we
     * are connected to: the connection itself would have ended.
     */
    void checkTheSilent() throws InterruptedException {
        var now = config.scheduler().now();
        var interval = config.intervals().refresh();
        contacts.table().forgetLost(now.minus(interval.multipliedBy(LOST_INTERVALS)));
        var silent = new ArrayList<PeerInfo>();
        for (var peer : contacts.table().silentSince(now.minus(interval))) {
            if (network.isConnected(peer.id())) {
                contacts.heardFrom(peer.id());
            } else {
                silent.add(peer);
            }
        }
        Errands.all(
                config.scheduler(),
                config.search().alpha(),
                silent,
                peer -> {
                    contacts.check(peer);
                    return peer;
                });
    }
}
