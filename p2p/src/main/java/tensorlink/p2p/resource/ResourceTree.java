package tensorlink.p2p.resource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.ResourceUse;
import tensorlink.p2p.peer.PeerId;

/**
 * The scopes of a host. Those of peers and protocols exist while something is counted in them. Safe
 * for use by any thread.
 */
public final class ResourceTree {
    private final Limits.Resources limits;
    private final ResourceScope system;
    private final ResourceScope transients;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, Held> peers = new HashMap<>();
    private final Map<ProtocolId, Held> protocols = new HashMap<>();

    public ResourceTree(Limits.Resources limits) {
        this.limits = limits;
        this.system = new ResourceScope(() -> "system", limits.system());
        this.transients = new ResourceScope(() -> "transient", limits.transients());
    }

    /**
     * Asks for room for a connection whose peer is not proven yet.
     *
     * @throws ResourceLimitException when there is none
     */
    public ConnectionClaim connection(Direction direction) throws ResourceLimitException {
        var claim =
                new ConnectionClaim(
                        this, new ResourceScope(() -> "connection", limits.connection()));
        boolean complete = false;
        try {
            claim.take(
                    direction == Direction.INBOUND
                            ? Resource.INBOUND_CONNECTIONS
                            : Resource.OUTBOUND_CONNECTIONS,
                    1,
                    Priority.NEED);
            complete = true;
            return claim;
        } finally {
            if (!complete) {
                claim.close();
            }
        }
    }

    /** What the scopes of the host, of protocols and of peers hold. */
    public List<ResourceUse> use() {
        var scopes = new ArrayList<ResourceScope>();
        scopes.add(system);
        scopes.add(transients);
        lock.lock();
        try {
            protocols.values().forEach(held -> scopes.add(held.scope));
            peers.values().forEach(held -> scopes.add(held.scope));
        } finally {
            lock.unlock();
        }
        var use = new ArrayList<ResourceUse>();
        for (var scope : scopes) {
            for (var resource : Resource.values()) {
                use.add(scope.use(resource));
            }
        }
        return use;
    }

    ResourceScope system() {
        return system;
    }

    ResourceScope transients() {
        return transients;
    }

    /** A scope for one stream. */
    ResourceScope stream() {
        return new ResourceScope(() -> "stream", limits.stream());
    }

    ResourceScope holdPeer(PeerId peer) {
        return hold(peers, peer, () -> "peer " + peer, limits.peer());
    }

    void releasePeer(PeerId peer) {
        release(peers, peer);
    }

    ResourceScope holdProtocol(ProtocolId protocol) {
        return hold(protocols, protocol, () -> "protocol " + protocol, limits.protocol());
    }

    void releaseProtocol(ProtocolId protocol) {
        release(protocols, protocol);
    }

    private <K> ResourceScope hold(
            Map<K, Held> map, K key, Supplier<String> name, Limits.Scope scopeLimits) {
        lock.lock();
        try {
            var held =
                    map.computeIfAbsent(key, _ -> new Held(new ResourceScope(name, scopeLimits)));
            held.holders++;
            return held.scope;
        } finally {
            lock.unlock();
        }
    }

    private <K> void release(Map<K, Held> map, K key) {
        lock.lock();
        try {
            var held = map.get(key);
            if (held != null && --held.holders == 0) {
                map.remove(key);
            }
        } finally {
            lock.unlock();
        }
    }

    private static final class Held {
        private final ResourceScope scope;
        private int holders;

        Held(ResourceScope scope) {
            this.scope = scope;
        }
    }
}
