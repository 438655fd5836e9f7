package tensorlink.p2p.swarm;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Supplier;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/** Whom and where this host may dial: what its operator lists, and what its network is. */
final class DialGate {
    private final Gater gater;
    private final Reach reach;
    private final boolean isPrivateNetwork;
    private final Supplier<List<Multiaddr>> ours;

    /**
     * @param ours where this host listens
     */
    DialGate(Gater gater, Reach reach, boolean isPrivateNetwork, Supplier<List<Multiaddr>> ours) {
        this.gater = gater;
        this.reach = reach;
        this.isPrivateNetwork = isPrivateNetwork;
        this.ours = ours;
    }

    /**
     * Lets {@code peer} at {@code address} pass; may block to look up a name.
     *
     * @throws GateException when it may not be dialled
     * @throws IOException when its name is unknown
     */
    void check(PeerId peer, Multiaddr address) throws IOException {
        var refusal = gater.refusal(peer);
        if (refusal.isPresent()) {
            throw new GateException(refusal.get());
        }
        boolean isPublicOnly = isPublicOnly();
        for (var host : hosts(address)) {
            check(host, isPublicOnly);
        }
    }

    /** All that a name stands for: which of them will be dialled is not known here. */
    private static List<InetAddress> hosts(Multiaddr address) throws IOException {
        var outermost = address.parts().getFirst();
        return switch (outermost.protocol()) {
            case DNS, DNS4, DNS6 -> List.of(InetAddress.getAllByName(outermost.text()));
            default -> address.host().map(List::of).orElse(List.of());
        };
    }

    private void check(InetAddress host, boolean isPublicOnly) throws GateException {
        var refusal = gater.refusal(host);
        if (refusal.isPresent()) {
            throw new GateException(refusal.get());
        }
        var range = AddressRange.of(host);
        if (isPublicOnly && range != AddressRange.PUBLIC) {
            throw new GateException(
                    host.getHostAddress()
                            + " is "
                            + range
                            + ", and this host dials only PUBLIC addresses");
        }
    }

    private boolean isPublicOnly() {
        if (isPrivateNetwork) {
            return false;
        }
        var listening = ours.get();
        return switch (reach) {
            case ANY -> false;
            case PUBLIC ->
                    listening.isEmpty() || !listening.stream().allMatch(Multiaddr::isLoopback);
            case AUTO -> listening.stream().anyMatch(DialGate::isPublic);
        };
    }

    private static boolean isPublic(Multiaddr address) {
        return !address.has(AddressProtocol.P2P_CIRCUIT)
                && address.range().filter(AddressRange.PUBLIC::equals).isPresent();
    }
}
