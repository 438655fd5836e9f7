package tensorlink.dht;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.peer.PeerId;

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

    private final PeerId self;
    private final DhtConfig config;
    private final Contacts contacts;
    private final LookupRun lookups;

    Refresh(PeerId self, DhtConfig config, Contacts contacts, LookupRun lookups) {
        this.self = self;
        this.config = config;
        this.contacts = contacts;
        this.lookups = lookups;
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
        lookups.approach(Key.of(self));
    }

    /** Looks up a random key in every part of the table that has peers, and in those before it. */
    void findOthers() throws InterruptedException {
        var buckets = contacts.table().status().buckets();
        int deepest = buckets.isEmpty() ? -1 : Math.min(buckets.lastKey(), PREFIX_MAX);
        for (int prefix = 0; prefix <= deepest; prefix++) {
            lookups.approach(Key.of(self).random(prefix, config.random()));
        }
    }

    private void checkTheSilent() throws InterruptedException {
        var now = config.scheduler().now();
        var interval = config.intervals().refresh();
        contacts.table().forgetLost(now.minus(interval.multipliedBy(LOST_INTERVALS)));
        Errands.all(
                config.scheduler(),
                config.search().alpha(),
                contacts.table().silentSince(now.minus(interval)),
                peer -> {
                    contacts.check(peer);
                    return peer;
                });
    }
}
