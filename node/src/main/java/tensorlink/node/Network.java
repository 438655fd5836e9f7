package tensorlink.node;

import java.util.List;
import tensorlink.jobs.message.Protocols;
import tensorlink.p2p.peer.PeerInfo;

/**
 * A network to join: its name, which all its members share, and peers to ask first.
 *
 * @param name 1 to 64 of a-z, 0-9, dot and dash
 * @param bootstrap may be empty, for the network's first node
 */
public record Network(String name, List<PeerInfo> bootstrap) {
    public Network {
        bootstrap = List.copyOf(bootstrap);
        new Protocols(name); // says what is wrong with a name
    }

    /** A network without peers to ask: its first node. */
    public static Network named(String name) {
        return new Network(name, List.of());
    }

    /**
     * The same network, asking these peers first.
     *
     * @param addresses each as {@code /ip4/ADDRESS/tcp/PORT/p2p/ID}
     * @throws IllegalArgumentException for anything else
     */
    public Network bootstrap(String... addresses) {
        return new Network(name, List.of(addresses).stream().map(PeerInfo::parse).toList());
    }

    /** The same network, asking these peers first. */
    public Network via(PeerInfo... peers) {
        return new Network(name, List.of(peers));
    }
}
