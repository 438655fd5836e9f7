package tensorlink.p2p.interop;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.Stage;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.relay.RelayLimits;

/**
 * A relay of ours, a host of ours and one of js at public addresses; the argument says who calls.
 */
final class PunchStage {
    static final String RELAY = "9.8.7.6";

    private PunchStage() {}

    public static void main(String[] arguments) throws Exception {
        var config =
                HostConfig.defaults()
                        .withListen(Multiaddr.parse("/ip4/" + RELAY + "/tcp/0"))
                        .withRelayService(RelayLimits.defaults());
        try (var relay = Libp2p.start(KeyPair.generate(), config.withEventLoops(1))) {
            var place = JsPeer.full(relay.info()).with(AddressProtocol.P2P_CIRCUIT, "");
            switch (arguments[0]) {
                case "js calls" -> jsCalls(place);
                case "we call" -> weCall(place);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }
    }

    private static Host host(Multiaddr... listen) throws Exception {
        return Libp2p.start(
                KeyPair.generate(),
                HostConfig.defaults().withEventLoops(1).withListen(listen).withHolePunching());
    }

    /** Js listens nowhere. */
    private static void jsCalls(Multiaddr place) throws Exception {
        var js = JsPeer.start("relay.mjs", "{\"listen\":[],\"punches\":true}");
        try (var host = host(Multiaddr.parse("/ip4/" + PublicStage.OURS + "/tcp/0"), place)) {
            Eventually.until("we have a place", () -> host.addresses().contains(place));
            Stage.say("has a place");
            var _ = js.ask("dial", place.with(AddressProtocol.P2P, host.id().toString()));
            Stage.say("over the relay");
            Eventually.until("js dials", () -> direct(host, js.info().id()).isPresent());
            Stage.say("direct " + direct(host, js.info().id()).orElseThrow().direction());
        } finally {
            js.stop();
        }
    }

    /** We listen nowhere. */
    private static void weCall(Multiaddr place) throws Exception {
        var own = "/ip4/" + PublicStage.THEIRS + "/tcp/4001";
        var js =
                JsPeer.start(
                        "relay.mjs",
                        "{\"listen\":[\"%s\",\"%s\"],\"announce\":[\"%s\"],\"punches\":true}"
                                .formatted(own, place, own));
        try (var host = host()) {
            for (int i = 0; i < 100 && !js.ask("addresses").contains("p2p-circuit"); i++) {
                LockSupport.parkNanos(100_000_000);
            }
            Stage.say("has a place");
            var _ = host.connect(new PeerInfo(js.info().id(), List.of(place)));
            Stage.say("over the relay");
            Eventually.until("we dial js", () -> direct(host, js.info().id()).isPresent());
            var found = direct(host, js.info().id()).orElseThrow();
            Stage.say("direct " + found.direction() + " " + found.remoteAddress());
        } finally {
            js.stop();
        }
    }

    private static Optional<Connection> direct(Host host, PeerId peer) {
        return host.connections().stream()
                .filter(it -> it.remotePeer().equals(peer) && !it.isLimited())
                .findFirst();
    }
}
