package tensorlink.p2p.swarm;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.mux.Muxer;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.resource.ResourceTree;
import tensorlink.p2p.security.Security;
import tensorlink.p2p.trace.Tracer;

/**
 * What all upgrades of a host share.
 *
 * @param self whom no connection may lead to
 * @param securities best first
 * @param muxers best first
 * @param network the key that everybody else must have, when this is a private network
 */
record Upgrader(
        PeerId self,
        List<Security> securities,
        List<Muxer> muxers,
        Optional<PreSharedKey> network,
        Limits limits,
        Scheduler scheduler,
        Tracer tracer,
        ResourceTree resources,
        Gater gater,
        WireMeter wire,
        SwarmConnection.Owner owner) {

    Duration timeout(Direction direction) {
        return switch (direction) {
            case OUTBOUND -> limits.dialling().timeout();
            case INBOUND -> limits.connections().upgradeTimeout();
        };
    }

    List<String> securityNames() {
        var names = new ArrayList<String>();
        for (var security : securities) {
            names.add(security.protocol());
        }
        return names;
    }

    List<String> muxerNames() {
        var names = new ArrayList<String>();
        for (var muxer : muxers) {
            names.add(muxer.protocol());
        }
        return names;
    }

    Security security(String name) {
        for (var security : securities) {
            if (security.protocol().equals(name)) {
                return security;
            }
        }
        throw new IllegalStateException("agreed on " + name + ", which we do not have");
    }

    Muxer muxer(String name) {
        for (var muxer : muxers) {
            if (muxer.protocol().equals(name)) {
                return muxer;
            }
        }
        throw new IllegalStateException("agreed on " + name + ", which we do not have");
    }
}
