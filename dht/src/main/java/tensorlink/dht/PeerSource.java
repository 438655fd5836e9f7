package tensorlink.dht;

import java.io.IOException;
import java.util.List;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Somewhere that peers of the network may be learnt from: a configuration, a name, the local
 * network, a chain. All sources are asked at the same time, and again while nobody answers, so one
 * that is slow or lies costs the others nothing. One that takes too long is interrupted, and may be
 * asked again before it has noticed.
 */
public interface PeerSource {

    /** What an operator knows it by, such as {@code invitation}; no two have the same. */
    String name();

    /**
     * Whom it names now; may block. Of many, the first {@value Entrances#PEERS_PER_SOURCE_MAX}
     * count.
     *
     * @throws IOException when it cannot be asked, saying why
     */
    List<PeerInfo> peers() throws IOException, InterruptedException;

    /** Whether its addresses are the operator's own word, which others' words do not replace. */
    default boolean isTrusted() {
        return false;
    }

    /** Peers that somebody this node trusts has named, for good. */
    static PeerSource of(String name, List<PeerInfo> peers) {
        return new NamedPeers(name, List.copyOf(peers));
    }
}
