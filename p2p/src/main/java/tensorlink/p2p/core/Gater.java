package tensorlink.p2p.core;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.PeerId;

/**
 * With whom a host may be connected: lists of peers and subnets, which may change at any time.
 * Asked before a dial, on accepting a socket and once the peer is proven; whoever no longer passes
 * is disconnected. A denial always wins. While nobody is on a list of those allowed, everybody is;
 * the lists of peers and of subnets stand for themselves. Safe for use by any thread.
 */
public final class Gater {
    private final Set<PeerId> deniedPeers = ConcurrentHashMap.newKeySet();
    private final Set<PeerId> allowedPeers = ConcurrentHashMap.newKeySet();
    private final Set<Subnet> deniedSubnets = ConcurrentHashMap.newKeySet();
    private final Set<Subnet> allowedSubnets = ConcurrentHashMap.newKeySet();
    private final List<Runnable> watchers = new CopyOnWriteArrayList<>();

    /** A gater that lets everybody pass. */
    public Gater() {}

    public void deny(PeerId peer) {
        deniedPeers.add(peer);
        changed();
    }

    public void deny(Subnet subnet) {
        deniedSubnets.add(subnet);
        changed();
    }

    public void undeny(PeerId peer) {
        deniedPeers.remove(peer);
    }

    public void undeny(Subnet subnet) {
        deniedSubnets.remove(subnet);
    }

    /** Lets only {@code peer} and others so named pass. */
    public void allow(PeerId peer) {
        allowedPeers.add(peer);
        changed();
    }

    /** Lets only those in {@code subnet} and others so named pass. */
    public void allow(Subnet subnet) {
        allowedSubnets.add(subnet);
        changed();
    }

    /** Takes {@code peer} off the list; with the last one gone everybody may pass. */
    public void disallow(PeerId peer) {
        allowedPeers.remove(peer);
        changed();
    }

    /** Takes {@code subnet} off the list; with the last one gone everybody may pass. */
    public void disallow(Subnet subnet) {
        allowedSubnets.remove(subnet);
        changed();
    }

    /** Why {@code peer} may not pass; empty when it may. */
    public Optional<String> refusal(PeerId peer) {
        if (deniedPeers.contains(peer)) {
            return Optional.of("peer " + peer + " is denied");
        }
        return allowedPeers.isEmpty() || allowedPeers.contains(peer)
                ? Optional.empty()
                : Optional.of("peer " + peer + " is not among those allowed");
    }

    /** Why {@code host} may not pass; empty when it may. */
    public Optional<String> refusal(InetAddress host) {
        var denied = find(deniedSubnets, host);
        if (denied.isPresent()) {
            return Optional.of(
                    host.getHostAddress() + " is in " + denied.get() + ", which is denied");
        }
        return allowedSubnets.isEmpty() || find(allowedSubnets, host).isPresent()
                ? Optional.empty()
                : Optional.of(host.getHostAddress() + " is in no subnet that is allowed");
    }

    private static Optional<Subnet> find(Set<Subnet> subnets, InetAddress host) {
        for (var subnet : subnets) {
            if (subnet.contains(host)) {
                return Optional.of(subnet);
            }
        }
        return Optional.empty();
    }

    /** Runs {@code watcher}, which must not block, whenever somebody may pass no more. */
    public Subscription watch(Runnable watcher) {
        watchers.add(watcher);
        return () -> watchers.remove(watcher);
    }

    private void changed() {
        watchers.forEach(Runnable::run);
    }
}
