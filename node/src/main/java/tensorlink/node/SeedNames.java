package tensorlink.node;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tensorlink.dht.PeerSource;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;

/** The peers behind the {@code /dnsaddr} names that a network's founder gave. */
record SeedNames(List<Multiaddr> names, HostConfig config) implements PeerSource {
    @Override
    public String name() {
        return "dnsaddr";
    }

    /** One good name is enough. */
    @Override
    public List<PeerInfo> peers() throws IOException {
        var peers = new ArrayList<PeerInfo>();
        @Nullable IOException failure = null;
        for (var name : names) {
            try {
                peers.addAll(Libp2p.peersBehind(name, config));
            } catch (IOException nobody) {
                failure = nobody;
            }
        }
        if (peers.isEmpty() && failure != null) {
            throw failure;
        }
        return peers;
    }
}
