package tensorlink.node;

import java.util.List;
import java.util.Locale;
import tensorlink.dht.Dht;
import tensorlink.dht.Key;
import tensorlink.jobs.party.Directory;
import tensorlink.p2p.peer.PeerInfo;

/** Finds nodes by role as providers of a well-known key in the network's DHT. */
final class DhtDirectory implements Directory {
    private final Dht dht;
    private final String network;

    DhtDirectory(Dht dht, String network) {
        this.dht = dht;
        this.network = network;
    }

    /** What nodes of {@code role} announce. */
    static Key key(String network, Role role) {
        return Key.named(
                "/tensorlink/" + network + "/role/" + role.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public List<PeerInfo> find(Role role, int count) throws InterruptedException {
        return dht.findProviders(key(network, role), count);
    }
}
