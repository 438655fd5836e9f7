package tensorlink.node;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.dht.Dht;
import tensorlink.dht.PeerSource;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.mdns.Mdns;
import tensorlink.p2p.peer.PeerInfo;

/** The peers that multicast DNS finds on the local network, one more way into the network. */
final class LanPeers implements PeerSource, AutoCloseable {
    static final String NAME = "local network";

    private static final Logger log = LoggerFactory.getLogger(LanPeers.class);

    private volatile @Nullable Mdns mdns;

    /**
     * Begins to ask and to answer, where this machine has a network for it. A node that listens on
     * loopback alone has nobody to find there.
     */
    void start(Host host, Dht dht, Network network, Scheduler scheduler) {
        var addresses = host.addresses();
        if (!addresses.isEmpty() && addresses.stream().allMatch(it -> it.isLoopback())) {
            return;
        }
        try {
            mdns = Mdns.start(host, network.key(), scheduler, () -> dht.lookAgain(this));
        } catch (IOException none) {
            log.info("does not look on the local network: {}", none.getMessage());
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<PeerInfo> peers() {
        var running = mdns;
        return running == null ? List.of() : running.peers();
    }

    @Override
    public void close() {
        var running = mdns;
        if (running != null) {
            running.close();
        }
    }
}
