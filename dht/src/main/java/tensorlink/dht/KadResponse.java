package tensorlink.dht;

import java.util.List;
import java.util.Optional;
import tensorlink.p2p.peer.PeerInfo;

/**
 * What a peer answers.
 *
 * @param record the one asked for, or the one just stored
 * @param closer the closest peers it knows, at most {@code k}
 * @param providers who provides what was asked for
 */
public record KadResponse(
        Optional<HeldRecord> record, List<PeerInfo> closer, List<PeerInfo> providers) {

    public KadResponse {
        closer = List.copyOf(closer);
        providers = List.copyOf(providers);
    }

    /** An answer that only names peers. */
    public static KadResponse closer(List<PeerInfo> peers) {
        return new KadResponse(Optional.empty(), peers, List.of());
    }
}
