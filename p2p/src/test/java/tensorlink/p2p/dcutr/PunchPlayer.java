package tensorlink.p2p.dcutr;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.Stage;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.relay.RelayLimits;
import tensorlink.p2p.swarm.Swarm;

/**
 * A host of {@code NatTest}, in a process of its own. Its arguments: who it is, what it listens at
 * behind its IP address, and for how many tenths of a second it waits for a direct connection.
 */
final class PunchPlayer {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final ProtocolId DIRECT_ECHO = ProtocolId.of("/test/direct-echo/1.0.0");
    private static final KeyPair RELAY = key("1");
    private static final KeyPair CALLEE = key("2");
    private static final KeyPair CALLER = key("3");

    private PunchPlayer() {}

    private static KeyPair key(String digit) {
        return KeyPair.ofSeed(ByteString.copyFromUtf8(digit.repeat(32)));
    }

    public static void main(String[] arguments) throws Exception {
        var behind = arguments[1];
        var relay = Multiaddr.parse("/ip4/1.2.1.1/" + behind);
        var place =
                relay.with(AddressProtocol.P2P, RELAY.peerId().toString())
                        .with(AddressProtocol.P2P_CIRCUIT, "");
        var everywhere = Multiaddr.parse("/ip4/0.0.0.0/" + behind);
        int patience = Integer.parseInt(arguments[2]);
        switch (arguments[0]) {
            case "relay" -> {
                var config = HostConfig.defaults().withListen(relay);
                try (var host = host(RELAY, config.withRelayService(RelayLimits.defaults()))) {
                    Stage.say("at " + host.addresses());
                    var _ = System.in.read();
                }
            }
            case "callee" -> {
                var config = HostConfig.defaults().withListen(everywhere, place);
                try (var host = host(CALLEE, config.withHolePunching())) {
                    Eventually.until("it has a place", () -> host.addresses().contains(place));
                    Stage.say("has a place");
                    waitForDirect(host, CALLER.peerId(), patience);
                    var _ = System.in.read();
                }
            }
            case "searcher" -> {
                var config = HostConfig.defaults().withListen(everywhere).withRelaySearch();
                try (var host = host(CALLEE, config.withHolePunching())) {
                    host.connect(new PeerInfo(RELAY.peerId(), List.of(relay)));
                    ((Swarm) host).reachable(Reachability.PRIVATE);
                    Eventually.until("it has a place", () -> host.addresses().contains(place));
                    Stage.say("has a place");
                    var _ = System.in.read();
                }
            }
            case "opener" -> {
                var config = HostConfig.defaults().withListen(everywhere);
                try (var host = host(CALLER, config.withHolePunching())) {
                    host.peers().add(new PeerInfo(CALLEE.peerId(), List.of(place)));
                    try (var stream = host.open(CALLEE.peerId(), DIRECT_ECHO)) {
                        Stage.say("streams over " + stream.connection().remoteAddress());
                    }
                    var _ = System.in.read();
                }
            }
            case "caller" -> {
                var config = HostConfig.defaults().withListen(everywhere);
                try (var host = host(CALLER, config.withHolePunching())) {
                    var relayed = host.connect(new PeerInfo(CALLEE.peerId(), List.of(place)));
                    Stage.say("limited " + relayed.isLimited());
                    waitForDirect(host, CALLEE.peerId(), patience);
                    Stage.say("the relayed one is open " + relayed.isOpen());
                    Stage.say("echo over a limited one " + echo(host));
                    var _ = System.in.read();
                }
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static Host host(KeyPair key, HostConfig config) throws Exception {
        var host = Libp2p.start(key, config.withEventLoops(1));
        host.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(100)));
        host.handle(DIRECT_ECHO, stream -> stream.writeMessage(stream.readMessage(100)));
        host.control().allowOnLimited(ECHO);
        return host;
    }

    private static void waitForDirect(Host host, PeerId peer, int patience) {
        var found = direct(host, peer);
        for (int i = 0; i < patience && found.isEmpty(); i++) {
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            found = direct(host, peer);
        }
        Stage.say(found.map(it -> it.direction() + " " + it.remoteAddress()).orElse("none direct"));
    }

    private static Optional<Connection> direct(Host host, PeerId peer) {
        return host.connections().stream()
                .filter(it -> it.remotePeer().equals(peer) && !it.isLimited())
                .findFirst();
    }

    /** Whether the connection that a new stream gets is limited. */
    private static boolean echo(Host host) throws Exception {
        try (var stream = host.open(CALLEE.peerId(), ECHO)) {
            stream.writeMessage(ByteString.copyFromUtf8("hello"));
            var reply = stream.readMessage(100).toStringUtf8();
            if (!reply.equals("hello")) {
                throw new IllegalStateException(reply);
            }
            return stream.connection().isLimited();
        }
    }
}
