package tensorlink.p2p.relay;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.swarm.Swarm;

/** Relays at several addresses of the loopback network, and hosts that nobody can dial. */
@Timeout(60)
class RelaySearchTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void close() {
        hosts.forEach(Host::close);
    }

    private Host host(HostConfig config) throws Exception {
        var host = Libp2p.start(KeyPair.generate(), config.withEventLoops(1));
        hosts.add(host);
        host.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(100)));
        return host;
    }

    private Host relay(int number, RelayLimits limits) throws Exception {
        return host(listeningAt(number).withRelayService(limits));
    }

    private static HostConfig listeningAt(int number) {
        var address = Multiaddr.parse("/ip4/127.0.0." + number + "/tcp/0");
        return HostConfig.defaults().withListen(address);
    }

    private Host searching(Scheduler scheduler) throws Exception {
        return host(HostConfig.defaults().withListen().withScheduler(scheduler).withRelaySearch());
    }

    private static void found(Host host, Reachability reachability) {
        ((Swarm) host).reachable(reachability);
    }

    private static boolean hasPlaceAt(Host host, Host relay) {
        return host.addresses()
                .contains(RelayedAddress.through(relay.addresses().getFirst(), relay.id()));
    }

    @Test
    void a_host_that_others_cannot_dial_is_called_through_relays_that_it_knows() throws Exception {
        var callee = searching(Scheduler.system());
        var relays = new ArrayList<Host>();
        for (int i = 1; i <= RelaySearch.PLACES + 1; i++) {
            relays.add(relay(i, RelayLimits.defaults()));
            callee.connect(relays.getLast().info());
        }
        found(callee, Reachability.PRIVATE);
        Eventually.until("it has places", () -> callee.addresses().size() == RelaySearch.PLACES);
        var caller = host(listeningAt(9));

        var connection = caller.connect(callee.info());

        assertThat(connection.remotePeer()).isEqualTo(callee.id());
        assertThat(connection.remoteAddress().has(AddressProtocol.P2P_CIRCUIT)).isTrue();
        assertThat(relays.stream().filter(relay -> hasPlaceAt(callee, relay)))
                .hasSize(RelaySearch.PLACES);
    }

    @Test
    void no_two_places_are_at_one_ip_address() throws Exception {
        var callee = searching(Scheduler.system());
        var first = relay(1, RelayLimits.defaults());
        var beside = relay(1, RelayLimits.defaults());
        callee.connect(first.info());
        callee.connect(beside.info());
        found(callee, Reachability.PRIVATE);
        Eventually.until("it has a place", () -> !callee.addresses().isEmpty());
        var elsewhere = relay(2, RelayLimits.defaults());

        callee.connect(elsewhere.info());

        Eventually.until("it has another", () -> callee.addresses().size() == 2);
        assertThat(hasPlaceAt(callee, elsewhere)).isTrue();
    }

    @Test
    void places_are_given_up_when_others_can_dial() throws Exception {
        var callee = searching(Scheduler.system());
        var relay = relay(1, RelayLimits.defaults());
        callee.connect(relay.info());
        found(callee, Reachability.PRIVATE);
        Eventually.until("it has a place", () -> hasPlaceAt(callee, relay));

        found(callee, Reachability.PUBLIC);

        Eventually.until("it has none", () -> callee.addresses().isEmpty());
    }

    @Test
    void a_relay_that_gives_no_place_is_replaced() throws Exception {
        var clock = new ManualScheduler();
        var callee = searching(clock);
        var full = relay(1, RelayLimits.defaults().withRoom(1, 1, 1));
        var other = host(listeningAt(8).withListen(place(full)));
        Eventually.until("there is no room left", () -> hasPlaceAt(other, full));
        var second = relay(2, RelayLimits.defaults());
        callee.connect(full.info());
        callee.connect(second.info());
        found(callee, Reachability.PRIVATE);
        Eventually.until("it has a place", () -> hasPlaceAt(callee, second));
        var third = relay(3, RelayLimits.defaults());
        callee.connect(third.info());
        Eventually.until(
                "it knows that the third relays too",
                () -> callee.peers().identification(third.id()).isPresent());

        clock.advance(RelaySearch.PATIENCE);

        Eventually.until(
                "it has a place there",
                () -> {
                    clock.advance(Duration.ofMillis(1)); // it may not have been waiting yet
                    return hasPlaceAt(callee, third);
                });
        assertThat(hasPlaceAt(callee, second)).isTrue();
    }

    private static Multiaddr place(Host relay) {
        return RelayedAddress.through(relay.addresses().getFirst(), relay.id());
    }

    @Test
    void who_relays_when_reachable_does_so_only_while_others_can_dial_it() throws Exception {
        var relay = host(listeningAt(1));
        new RelayServer(relay, KeyPair.generate(), RelayLimits.defaults(), Scheduler.system())
                .startWhenReachable();
        assertThat(relay.protocols()).doesNotContain(RelayServer.HOP);

        found(relay, Reachability.PUBLIC);
        Eventually.until("it relays", () -> relay.protocols().contains(RelayServer.HOP));
        found(relay, Reachability.PRIVATE);

        Eventually.until("it does not", () -> !relay.protocols().contains(RelayServer.HOP));
    }

    @Test
    void a_stream_that_may_not_be_relayed_waits_for_a_direct_connection() throws Exception {
        var clock = new ManualScheduler();
        var relay = relay(1, RelayLimits.defaults());
        var callee = host(HostConfig.defaults().withListen(place(relay)));
        Eventually.until("it has a place", () -> hasPlaceAt(callee, relay));
        var caller = host(listeningAt(2).withScheduler(clock));
        ((Swarm) caller).waitForDirect(RelaySearch.PATIENCE);
        caller.connect(callee.info());
        var opening = new FutureTask<>(() -> caller.open(callee.id(), ECHO));
        var thread = Thread.ofPlatform().start(opening);
        Eventually.isWaiting(thread);

        var direct = ((Swarm) callee).connectDirectly(caller.info());

        try (var stream = opening.get()) {
            assertThat(direct.remoteAddress().has(AddressProtocol.P2P_CIRCUIT)).isFalse();
            assertThat(stream.connection().isLimited()).isFalse();
            stream.writeMessage(ByteString.copyFromUtf8("hello"));
            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("hello");
        }
    }
}
