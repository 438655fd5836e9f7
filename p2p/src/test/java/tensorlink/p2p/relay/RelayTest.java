package tensorlink.p2p.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.LimitedConnectionException;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** Three hosts: one that relays, one that has a place there, one that calls it. */
@Timeout(60)
class RelayTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final CircuitLimit MEBIBYTE = new CircuitLimit(Duration.ofMinutes(2), 1 << 20);

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void close() {
        hosts.forEach(Host::close);
    }

    private Host host(HostConfig config) throws Exception {
        var host = Libp2p.start(KeyPair.generate(), config.withEventLoops(1));
        hosts.add(host);
        host.handle(ECHO, RelayTest::echo);
        return host;
    }

    private Host relay(RelayLimits limits) throws Exception {
        return host(HostConfig.defaults().withRelayService(limits));
    }

    /** A host that nobody can dial, with a place at {@code relay}. */
    private Host behind(Host relay) throws Exception {
        var host = host(HostConfig.defaults().withListen(place(relay)));
        Eventually.until("it has a place", () -> !host.addresses().isEmpty());
        return host;
    }

    private static Multiaddr place(Host relay) {
        return RelayedAddress.through(relay.addresses().getFirst(), relay.id());
    }

    private static void echo(Stream stream) throws IOException, InterruptedException {
        for (var next = stream.nextMessage(1 << 20);
                next.isPresent();
                next = stream.nextMessage(1 << 20)) {
            stream.writeMessage(next.get());
        }
    }

    private static ByteString answer(Stream stream, ByteString message) throws Exception {
        stream.writeMessage(message);
        return stream.readMessage(1 << 20);
    }

    private static void allowEcho(Host... those) {
        for (var host : those) {
            host.control().allowOnLimited(ECHO);
        }
    }

    private static Optional<Connection> connection(Host host, Host with) {
        return host.connections().stream()
                .filter(it -> it.remotePeer().equals(with.id()))
                .findFirst();
    }

    @Test
    void a_host_that_nobody_can_dial_is_reached_through_its_relay() throws Exception {
        var relay = relay(RelayLimits.defaults());
        var callee = behind(relay);
        var caller = host(HostConfig.defaults());
        allowEcho(caller, callee);

        var connection = caller.connect(callee.info());

        assertThat(connection.remotePeer()).isEqualTo(callee.id());
        assertThat(connection.remoteAddress()).isEqualTo(place(relay));
        assertThat(connection.link().transport()).isEqualTo("p2p-circuit");
        assertThat(connection.link().security()).isEqualTo("/noise");
        assertThat(connection.isLimited()).isTrue();
        try (var stream = connection.open(ECHO)) {
            assertThat(answer(stream, ByteString.copyFromUtf8("hello")).toStringUtf8())
                    .isEqualTo("hello");
        }
        assertThat(Libp2p.ping(caller, callee.id())).isPositive();
        assertThat(connection(callee, caller).orElseThrow().isLimited()).isTrue();
        assertThat(connection(callee, caller).orElseThrow().direction())
                .isEqualTo(Connection.Direction.INBOUND);
    }

    @Test
    void those_behind_a_relay_are_told_of_and_know_each_other() throws Exception {
        var relay = relay(RelayLimits.defaults());
        var callee = behind(relay);
        var caller = behind(relay);

        caller.connect(callee.info());

        Eventually.until(
                "the caller is known where it can be called back",
                () -> callee.peers().addresses(caller.id()).contains(place(relay)));
        Eventually.until(
                "the relay knows too",
                () -> relay.peers().addresses(callee.id()).contains(place(relay)));
    }

    @Test
    void ordinary_protocols_do_not_run_on_a_limited_connection() throws Exception {
        var relay = relay(RelayLimits.defaults());
        var callee = behind(relay);
        var caller = host(HostConfig.defaults());
        var connection = caller.connect(callee.info());

        assertThatThrownBy(() -> connection.open(ECHO))
                .isInstanceOf(LimitedConnectionException.class)
                .hasMessageContaining("/test/echo/1.0.0");
        assertThatThrownBy(() -> caller.open(callee.id(), ECHO)).isInstanceOf(DialException.class);
        allowEcho(caller);
        assertThatThrownBy(
                        () -> {
                            try (var stream = connection.open(ECHO)) {
                                answer(stream, ByteString.EMPTY);
                            }
                        })
                .isInstanceOf(UnsupportedProtocolException.class);
        assertThat(connection.isOpen()).isTrue();
    }

    @Test
    void a_relay_without_bounds_makes_connections_like_any_other() throws Exception {
        var relay = relay(RelayLimits.defaults().withCircuit(CircuitLimit.NONE));
        var callee = behind(relay);
        var caller = host(HostConfig.defaults());
        caller.connect(callee.info());
        var message = ByteString.copyFrom(new byte[1 << 20]);

        try (var stream = caller.open(callee.id(), ECHO)) {
            assertThat(stream.connection().isLimited()).isFalse();
            for (int i = 0; i < 8; i++) {
                assertThat(answer(stream, message)).isEqualTo(message);
            }
        }
    }

    @Test
    void a_circuit_is_cut_when_it_has_carried_enough() throws Exception {
        var relay = relay(RelayLimits.defaults().withCircuit(MEBIBYTE));
        var callee = behind(relay);
        var caller = host(HostConfig.defaults());
        allowEcho(caller, callee);
        var connection = caller.connect(callee.info());
        var half = ByteString.copyFrom(new byte[512 << 10]);

        try (var stream = connection.open(ECHO)) {
            assertThat(answer(stream, half)).isEqualTo(half);
            assertThatThrownBy(() -> answer(stream, half)).isInstanceOf(IOException.class);
        }

        Eventually.until("it is over", () -> !connection.isOpen());
        Eventually.until("its end too", () -> connection(callee, caller).isEmpty());
        assertThat(caller.connect(callee.info()).isOpen()).isTrue();
    }

    @Test
    void a_circuit_is_cut_when_its_time_is_over() throws Exception {
        var clock = new ManualScheduler();
        try (var network = new MemoryNetwork(1)) {
            var base =
                    HostConfig.defaults()
                            .withMemory(network)
                            .withListen(Multiaddr.parse("/memory/relay"));
            var relay = host(base.withScheduler(clock).withRelayService(RelayLimits.defaults()));
            var callee = host(base.withListen(place(relay)));
            Eventually.until("it has a place", () -> !callee.addresses().isEmpty());
            var caller = host(base.withListen());
            var connection = caller.connect(callee.info());

            clock.advance(Duration.ofSeconds(119));
            assertThat(Libp2p.ping(caller, callee.id())).isPositive();
            clock.advance(Duration.ofSeconds(1));

            Eventually.until("it is over", () -> !connection.isOpen());
            close();
            hosts.clear();
        }
    }

    @Test
    void who_has_no_place_is_not_called() throws Exception {
        var relay = relay(RelayLimits.defaults());
        var stranger = host(HostConfig.defaults());
        stranger.connect(relay.info());
        var caller = host(HostConfig.defaults());

        assertThatThrownBy(() -> caller.connect(new PeerInfo(stranger.id(), List.of(place(relay)))))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("NO_RESERVATION");
    }

    @Test
    void a_relay_at_which_we_have_no_place_cannot_make_us_take_a_call() throws Exception {
        var relay = relay(RelayLimits.defaults());
        var callee = behind(relay);
        var stranger = host(HostConfig.defaults());
        callee.connect(stranger.info());
        Eventually.until(
                "the stranger knows of it", () -> connection(stranger, callee).isPresent());
        var forged = new StopMessage.Connect(relay.id(), CircuitLimit.NONE);

        try (var stream = stranger.open(callee.id(), RelayServer.STOP)) {
            stream.writeMessage(RelayCodec.encode(forged));

            assertThat(RelayCodec.decodeStop(stream.readMessage(4096)))
                    .isEqualTo(new StopMessage.Status(RelayStatus.PERMISSION_DENIED));
        }
    }

    @Test
    void nobody_reserves_or_calls_through_two_relays() throws Exception {
        var relay = relay(RelayLimits.defaults().withCircuit(CircuitLimit.NONE));
        var second =
                host(
                        HostConfig.defaults()
                                .withListen(place(relay))
                                .withRelayService(RelayLimits.defaults()));
        Eventually.until("it has a place", () -> !second.addresses().isEmpty());
        var caller = host(HostConfig.defaults());
        caller.connect(new PeerInfo(second.id(), List.of(place(relay))));

        for (var question : List.of(new HopMessage.Reserve(), new HopMessage.Connect(relay.id()))) {
            try (var stream = caller.open(second.id(), RelayServer.HOP)) {
                stream.writeMessage(RelayCodec.encode(question));

                assertThat(RelayCodec.decodeHop(stream.readMessage(4096)))
                        .isEqualTo(
                                new HopMessage.Status(
                                        RelayStatus.PERMISSION_DENIED,
                                        Optional.empty(),
                                        CircuitLimit.NONE));
            }
        }
    }

    @Test
    void circuits_beyond_those_of_a_peer_are_refused() throws Exception {
        var relay = relay(RelayLimits.defaults().withRoom(8, 8, 1));
        var callee = behind(relay);
        var first = host(HostConfig.defaults());
        var second = host(HostConfig.defaults());
        first.connect(callee.info());

        assertThatThrownBy(() -> second.connect(callee.info()))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("RESOURCE_LIMIT_EXCEEDED");
    }

    @Test
    void a_place_ends_with_the_connection_and_is_taken_again() throws Exception {
        var relay = relay(RelayLimits.defaults());
        var callee = behind(relay);

        var events = new LinkedBlockingQueue<HostEvent>();
        relay.subscribe(events::add);

        relay.disconnect(callee.id());

        while (!(events.take() instanceof HostEvent.Connected)) {
            // the one before is of the connection that is lost
        }
        Eventually.until("it has a new place", () -> !callee.addresses().isEmpty());
        var caller = host(HostConfig.defaults());
        assertThat(caller.connect(callee.info()).isOpen()).isTrue();
    }

    @Test
    void a_relay_that_is_away_does_not_keep_a_host_from_starting() throws Exception {
        var away =
                RelayedAddress.through(
                        Multiaddr.parse("/ip4/127.0.0.1/tcp/1"), KeyPair.generate().peerId());

        var host = host(HostConfig.defaults().withListen(away));

        assertThat(host.addresses()).isEmpty();
    }

    @Test
    void a_slow_reader_at_the_far_end_holds_back_the_writer() throws Exception {
        var relay = relay(RelayLimits.defaults().withCircuit(CircuitLimit.NONE));
        var callee = behind(relay);
        var caller = host(HostConfig.defaults());
        var silence = ProtocolId.of("/test/silence/1.0.0");
        var release = new CountDownLatch(1);
        callee.handle(silence, stream -> release.await());
        caller.connect(callee.info());
        var piece = MemorySegment.ofArray(new byte[1 << 20]);

        try (var stream = caller.open(callee.id(), silence)) {
            stream.timeout(Duration.ofMillis(500));

            assertThatThrownBy(
                            () -> {
                                for (int i = 0; i < 64; i++) {
                                    stream.write(piece);
                                }
                            })
                    .isInstanceOf(IOException.class);
        }
        release.countDown();
        assertThat(Libp2p.ping(caller, callee.id())).isPositive();
    }

    @Test
    void addresses_through_a_relay_have_one_relay_and_know_it() {
        var relay = KeyPair.generate().peerId();
        var target = KeyPair.generate().peerId();
        var place = "/ip4/192.0.2.1/tcp/1/p2p/" + relay + "/p2p-circuit";

        var parsed = RelayedAddress.parse(Multiaddr.parse(place + "/p2p/" + target)).orElseThrow();

        assertThat(parsed.relay().id()).isEqualTo(relay);
        assertThat(parsed.relay().addresses())
                .containsExactly(Multiaddr.parse("/ip4/192.0.2.1/tcp/1"));
        assertThat(parsed.target()).contains(target);
        for (var wrong :
                List.of(
                        "/ip4/192.0.2.1/tcp/1",
                        "/ip4/192.0.2.1/tcp/1/p2p-circuit",
                        "/p2p-circuit/p2p/" + target,
                        place + "/p2p-circuit",
                        place + "/p2p/" + target + "/p2p-circuit",
                        place + "/ip4/127.0.0.1/tcp/2",
                        place + "/p2p/" + target + "/p2p/" + target)) {
            assertThat(RelayedAddress.parse(Multiaddr.parse(wrong))).as(wrong).isEmpty();
        }
        assertThat(Multiaddr.parse(place).has(AddressProtocol.P2P_CIRCUIT)).isTrue();
    }
}
