package tensorlink.node.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * What a node that is part of a network knows of it.
 *
 * @param key of a private network; there is none without its key
 * @param invitation by which it came in; empty for the founder
 */
public record Membership(
        Descriptor network, Optional<PreSharedKey> key, Optional<Invitation> invitation) {

    public Membership {
        if (network.isPrivate() && key.isEmpty()) {
            throw new IllegalArgumentException(
                    "network \"" + network.name() + "\" is private, and its key is missing");
        }
        if (network.isPrivate() && !network.isKey(key.orElseThrow())) {
            throw new IllegalArgumentException(
                    "the key is not that of network \"" + network.name() + "\"");
        }
        if (!network.isPrivate() && key.isPresent()) {
            throw new IllegalArgumentException(
                    "network \"" + network.name() + "\" is public, but there is a key");
        }
    }

    /** That of an invitation's reader. */
    public static Membership by(Invitation invitation) {
        var content = invitation.content();
        return new Membership(content.network(), content.key(), Optional.of(invitation));
    }

    /** Where the inviter said to ask first. */
    public List<PeerInfo> invitedTo() {
        return invitation.map(it -> it.content().entries()).orElse(List.of());
    }

    /** The peers that the founder named. */
    public List<PeerInfo> seeds() {
        var seeds = new ArrayList<PeerInfo>();
        for (var address : network.terms().bootstrap()) {
            if (endsInPeer(address)) {
                seeds.add(PeerInfo.of(address));
            }
        }
        return seeds;
    }

    /** The names that the founder gave, behind which there are peers. */
    public List<Multiaddr> seedNames() {
        var names = new ArrayList<>(network.terms().bootstrap());
        names.removeIf(Membership::endsInPeer);
        return names;
    }

    private static boolean endsInPeer(Multiaddr address) {
        return address.parts().getLast().protocol() == AddressProtocol.P2P;
    }
}
