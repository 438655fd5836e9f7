package tensorlink.p2p.peer;

import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * What a connected peer said about itself by the identify protocol. Only {@link #record} is signed;
 * the rest is a claim.
 *
 * @param protocolVersion the family of networks it belongs to, such as {@code ipfs/0.1.0}
 * @param agentVersion name and version of its program
 * @param protocols the names of what it serves
 * @param addresses where it says it listens
 * @param observedAddress from where it sees us come
 * @param record its signed addresses, verified
 */
public record Identification(
        String protocolVersion,
        String agentVersion,
        List<String> protocols,
        List<Multiaddr> addresses,
        Optional<Multiaddr> observedAddress,
        Optional<SealedPeerRecord> record) {

    public Identification {
        protocols = List.copyOf(protocols);
        addresses = List.copyOf(addresses);
    }
}
