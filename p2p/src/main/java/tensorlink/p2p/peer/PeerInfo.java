package tensorlink.p2p.peer;

import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * A peer and where it may be found.
 *
 * @param addresses without the peer's id at their end; may be empty
 */
public record PeerInfo(PeerId id, List<Multiaddr> addresses) {

    public PeerInfo {
        addresses = List.copyOf(addresses);
    }

    /**
     * Reads one full address such as {@code /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…}, or {@code
     * /p2p/12D3KooW…} for a peer without a known address.
     *
     * @throws IllegalArgumentException when it is malformed or ends in no peer id
     */
    public static PeerInfo parse(String text) {
        return of(Multiaddr.parse(text));
    }

    /**
     * Splits a full address into peer and place.
     *
     * @throws IllegalArgumentException when {@code address} ends in no peer id
     */
    public static PeerInfo of(Multiaddr address) {
        var last = address.parts().getLast();
        if (last.protocol() != AddressProtocol.P2P) {
            throw new IllegalArgumentException("address " + address + " ends in no /p2p/<id>");
        }
        return new PeerInfo(
                new PeerId(last.value()), address.withoutPeer().map(List::of).orElse(List.of()));
    }

    /** The full addresses, each with the peer's id at its end. */
    public List<Multiaddr> fullAddresses() {
        var full = new ArrayList<Multiaddr>();
        for (var address : addresses) {
            full.add(address.with(AddressProtocol.P2P, id.toString()));
        }
        return full;
    }
}
