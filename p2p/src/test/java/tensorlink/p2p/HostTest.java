package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.SealedPeerRecord;

/** Whole hosts, over TCP on the loopback interface and over memory. */
@ParameterizedClass
@ValueSource(strings = {"tcp", "memory"})
@Timeout(60)
class HostTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final ProtocolId OTHER = ProtocolId.of("/test/other/1.0.0");

    @Parameter private String transport = "";

    private final MemoryNetwork memory = new MemoryNetwork(2);
    private final List<Host> hosts = new ArrayList<>();
    private int names;

    @AfterEach
    void close() {
        for (var host : hosts) {
            host.close();
        }
        memory.close();
    }

    @Test
    void a_stream_carries_bytes_both_ways() throws Exception {
        var server = echoing();
        var client = host();
        client.peers().add(server.info());

        try (var stream = client.open(server.id(), ECHO)) {
            stream.writeMessage(ByteString.copyFromUtf8("hello"));

            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("hello");
            assertThat(stream.protocol()).isEqualTo(ECHO);
            assertThat(stream.connection().remotePeer()).isEqualTo(server.id());
        }
    }

    @Test
    void each_side_knows_the_other_by_its_proven_id() throws Exception {
        var seen = new LinkedBlockingQueue<Connection>();
        var server = host();
        server.handle(ECHO, stream -> seen.add(stream.connection()));
        var client = host();

        var connection = client.connect(server.info());
        connection.open(ECHO).close();

        assertThat(connection.remotePeer()).isEqualTo(server.id());
        assertThat(connection.direction()).isEqualTo(Connection.Direction.OUTBOUND);
        var there = seen.take();
        assertThat(there.remotePeer()).isEqualTo(client.id());
        assertThat(there.direction()).isEqualTo(Connection.Direction.INBOUND);
    }

    @Test
    void another_key_at_the_address_is_told_with_both_ids() throws Exception {
        var server = echoing();
        var client = host();
        var expected = KeyPair.generate().peerId();

        assertThatThrownBy(() -> client.connect(new PeerInfo(expected, server.addresses())))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure -> {
                            assertThat(failure.peer()).isEqualTo(expected);
                            assertThat(failure.attempts()).hasSize(1);
                            assertThat(failure.attempts().getFirst().cause())
                                    .isInstanceOfSatisfying(
                                            WrongPeerException.class,
                                            wrong -> {
                                                assertThat(wrong.expected()).isEqualTo(expected);
                                                assertThat(wrong.actual()).isEqualTo(server.id());
                                            });
                        });
        assertThat(client.connections()).isEmpty();
        Eventually.until("the server let go", () -> server.connections().isEmpty());
    }

    @Test
    void a_protocol_that_the_peer_does_not_serve_is_refused_and_the_connection_lives()
            throws Exception {
        var server = echoing();
        var client = host();
        var connection = client.connect(server.info());

        assertThatThrownBy(() -> client.open(server.id(), OTHER))
                .isInstanceOf(UnsupportedProtocolException.class)
                .hasMessageContaining(OTHER.name());

        try (var stream = client.open(server.id(), List.of(OTHER, ECHO))) {
            assertThat(stream.protocol()).isEqualTo(ECHO);
            assertThat(stream.connection()).isSameAs(connection);
        }
    }

    @Test
    void an_open_connection_is_used_again() throws Exception {
        var server = echoing();
        var client = host();

        var first = client.connect(server.info());

        assertThat(client.connect(server.info())).isSameAs(first);
        assertThat(client.connections()).containsExactly(first);
    }

    @Test
    void many_who_want_the_same_peer_share_one_dial() throws Exception {
        var server = echoing();
        var client = host();
        var tasks = new ArrayList<FutureTask<Connection>>();

        for (int i = 0; i < 32; i++) {
            tasks.add(start(() -> client.connect(server.info())));
        }

        var found = new HashSet<Connection>();
        for (var task : tasks) {
            found.add(task.get());
        }
        assertThat(found).hasSize(1);
        Eventually.until("the server has it too", () -> server.connections().size() == 1);
    }

    @Test
    void both_may_dial_at_the_same_time_and_streams_work_either_way() throws Exception {
        for (int round = 0; round < 10; round++) {
            var here = echoing();
            var there = echoing();
            var bothReady = new CountDownLatch(2);
            var outward =
                    start(() -> {
                        bothReady.countDown();
                        bothReady.await();
                        return here.connect(there.info());
                    });
            var inward =
                    start(() -> {
                        bothReady.countDown();
                        bothReady.await();
                        return there.connect(here.info());
                    });
            outward.get();
            inward.get();

            assertEchoes(here, there);
            assertEchoes(there, here);
            here.close();
            there.close();
        }
    }

    @Test
    void addresses_that_lead_nowhere_are_passed_over() throws Exception {
        var server = echoing();
        var client = host();
        var dead = host();
        var deadAddress = dead.addresses().getFirst();
        dead.close();

        var connection =
                client.connect(
                        new PeerInfo(
                                server.id(), List.of(deadAddress, server.addresses().getFirst())));

        assertThat(connection.remoteAddress()).isEqualTo(server.addresses().getFirst());
    }

    @Test
    void every_address_tried_is_told_with_its_reason() throws Exception {
        var client = host();
        var dead = host();
        var deadAddress = dead.addresses().getFirst();
        dead.close();
        var unsupported = Multiaddr.parse("/ip4/127.0.0.1/udp/1/quic");
        var peer = KeyPair.generate().peerId();

        assertThatThrownBy(
                        () -> client.connect(new PeerInfo(peer, List.of(deadAddress, unsupported))))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts())
                                        .extracting(DialException.Attempt::address)
                                        .containsExactlyInAnyOrder(deadAddress, unsupported))
                .hasMessageContaining("no transport for such an address");
        assertThatThrownBy(() -> client.open(peer, ECHO))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("no address known");
    }

    @Test
    void a_host_does_not_connect_to_itself() throws Exception {
        var host = host();
        var other = KeyPair.generate().peerId();

        assertThatThrownBy(() -> host.connect(host.info()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> host.connect(new PeerInfo(other, host.addresses())))
                .isInstanceOf(DialException.class);
    }

    @Test
    void peers_introduce_themselves_when_they_meet() throws Exception {
        var server = host();
        server.handle(ECHO, stream -> {});
        var client = host();
        var events = events(client);

        client.connect(server.info());

        assertThat(events.take()).isEqualTo(new HostEvent.Connected(server.id()));
        assertThat(events.take()).isEqualTo(new HostEvent.Identified(server.id()));
        assertThat(client.peers().identification(server.id()))
                .hasValueSatisfying(it -> {
                    assertThat(it.agentVersion()).isEqualTo("test-agent");
                    assertThat(it.protocolVersion()).isEqualTo("tensorlink/1.0.0");
                    assertThat(it.protocols())
                            .containsExactly(
                                    "/ipfs/id/1.0.0",
                                    "/ipfs/id/push/1.0.0",
                                    "/ipfs/ping/1.0.0",
                                    ECHO.name());
                    assertThat(it.addresses()).isEqualTo(server.addresses());
                    assertThat(it.observedAddress()).isPresent();
                    assertThat(it.record())
                            .map(SealedPeerRecord::content)
                            .hasValueSatisfying(
                                    record -> assertThat(record.peer()).isEqualTo(server.id()));
                });
    }

    @Test
    void connected_peers_are_told_of_a_new_protocol() throws Exception {
        var server = host();
        var client = host();
        var events = events(client);
        client.connect(server.info());
        assertThat(events.take()).isEqualTo(new HostEvent.Connected(server.id()));
        assertThat(events.take()).isEqualTo(new HostEvent.Identified(server.id()));

        server.handle(ECHO, stream -> {});

        assertThat(events.take()).isEqualTo(new HostEvent.Identified(server.id()));
        assertThat(client.peers().serves(server.id(), ECHO.name())).isTrue();
        server.unhandle(ECHO);
        assertThat(events.take()).isEqualTo(new HostEvent.Identified(server.id()));
        assertThat(client.peers().serves(server.id(), ECHO.name())).isFalse();
    }

    @Test
    void a_ping_measures_the_way_there_and_back() throws Exception {
        var server = host();
        var client = host();
        client.peers().add(server.info());

        var roundTrip = Libp2p.ping(client, server.id());

        assertThat(roundTrip).isPositive().isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void both_sides_learn_that_the_last_connection_is_gone() throws Exception {
        var server = host();
        var client = host();
        var here = events(client);
        var there = events(server);
        client.connect(server.info());
        assertThat(here.take()).isEqualTo(new HostEvent.Connected(server.id()));
        assertThat(there.take()).isEqualTo(new HostEvent.Connected(client.id()));
        assertThat(here.take()).isEqualTo(new HostEvent.Identified(server.id()));
        assertThat(there.take()).isEqualTo(new HostEvent.Identified(client.id()));

        client.disconnect(server.id());

        assertThat(here.take()).isEqualTo(new HostEvent.Disconnected(server.id()));
        assertThat(there.take()).isEqualTo(new HostEvent.Disconnected(client.id()));
        assertThat(client.connections()).isEmpty();
        assertThat(server.connections()).isEmpty();
    }

    @Test
    void after_a_disconnection_the_next_stream_connects_anew() throws Exception {
        var server = echoing();
        var client = host();
        client.connect(server.info());
        client.disconnect(server.id());

        assertEchoes(client, server);
    }

    @Test
    void a_listener_may_end_its_subscription() throws Exception {
        var server = host();
        var client = host();
        var events = new LinkedBlockingQueue<HostEvent>();
        var ended = client.subscribe(events::add);
        var witness = events(client);

        ended.close();
        client.connect(server.info());

        assertThat(witness.take()).isInstanceOf(HostEvent.Connected.class);
        assertThat(events).isEmpty();
    }

    @Test
    void a_listener_that_falls_too_far_behind_is_ended() throws Exception {
        var server = echoing();
        var client = host(Limits.defaults().withEventsPendingMax(2));
        var goOn = new CountDownLatch(1);
        var seen = new LinkedBlockingQueue<HostEvent>();
        client.subscribe(event -> {
            seen.add(event);
            try {
                goOn.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        for (int i = 0; i < 4; i++) {
            client.connect(server.info());
            client.disconnect(server.id());
            Eventually.until("it is gone", () -> client.connections().isEmpty());
        }
        goOn.countDown();

        var witness = events(client);
        client.connect(server.info());

        while (!(witness.take() instanceof HostEvent.Connected)) {
            // an identification of an earlier connection may still come in
        }
        assertThat(seen).hasSizeLessThan(4);
    }

    @Test
    void a_protocol_has_one_handler() throws Exception {
        var host = echoing();

        assertThatThrownBy(() -> host.handle(ECHO, stream -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(ECHO.name());
        host.unhandle(ECHO);
        host.handle(ECHO, stream -> {});
    }

    @Test
    void a_handler_that_fails_costs_its_stream_and_nothing_else() throws Exception {
        var server = echoing();
        server.handle(
                OTHER,
                stream -> {
                    stream.readMessage(10);
                    throw new IllegalStateException("a bug, on purpose");
                });
        var client = host();
        client.connect(server.info());

        try (var stream = client.open(server.id(), OTHER)) {
            stream.writeMessage(ByteString.EMPTY);
            assertThatThrownBy(() -> stream.readMessage(10))
                    .isInstanceOf(StreamResetException.class);
        }

        assertEchoes(client, server);
    }

    @Test
    void a_peer_that_keeps_breaking_protocols_is_cut_off() throws Exception {
        var server = host();
        server.handle(
                OTHER,
                stream -> {
                    stream.readMessage(10);
                    throw new ProtocolViolation("not like this");
                });
        var client = host();
        var connection = client.connect(server.info());

        for (int i = 0; i < 16; i++) {
            try (var stream = connection.open(OTHER)) {
                stream.writeMessage(ByteString.EMPTY);
                assertThatThrownBy(() -> stream.readMessage(10)).isInstanceOf(IOException.class);
            }
        }

        Eventually.until("cut off", () -> !connection.isOpen());
    }

    @Test
    void closing_a_host_ends_its_handlers_its_streams_and_its_connections() throws Exception {
        var server = host();
        var begun = new CountDownLatch(2);
        var ended = new LinkedBlockingQueue<String>();
        server.handle(
                ECHO,
                stream -> {
                    begun.countDown();
                    try {
                        stream.readMessage(10);
                    } catch (StreamResetException gone) {
                        ended.add("reading");
                    }
                });
        server.handle(
                OTHER,
                stream -> {
                    begun.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException closing) {
                        ended.add("waiting");
                    }
                });
        var client = host();
        client.peers().add(server.info());
        var reading = client.open(server.id(), ECHO);
        var waiting = client.open(server.id(), OTHER);
        begun.await();

        server.close();

        assertThat(ended).containsExactlyInAnyOrder("reading", "waiting");
        assertThatThrownBy(() -> reading.readMessage(10)).isInstanceOf(IOException.class);
        waiting.close();
        Eventually.until("the client noticed", () -> client.connections().isEmpty());
        assertThatThrownBy(() -> client.connect(server.info())).isInstanceOf(DialException.class);
    }

    @Test
    void closing_a_host_calls_off_its_dials() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var client = host();
            var nobody = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + silent.getLocalPort());
            var dial =
                    start(() ->
                            client.connect(
                                    new PeerInfo(KeyPair.generate().peerId(), List.of(nobody))));
            try (var accepted = silent.accept()) {
                client.close();

                assertThatThrownBy(dial::get).hasCauseInstanceOf(DialException.class);
                assertThat(accepted.isConnected()).isTrue();
            }
        }
    }

    @Test
    void an_address_that_answers_nothing_does_not_hold_up_the_next() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var server = echoing();
            var client = host();
            var nobody = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + silent.getLocalPort());

            var connection =
                    client.connect(
                            new PeerInfo(
                                    server.id(), List.of(nobody, server.addresses().getFirst())));

            assertThat(connection.remoteAddress()).isEqualTo(server.addresses().getFirst());
        }
    }

    @Test
    void a_dial_that_is_interrupted_stops_waiting() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var client = host();
            var nobody = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + silent.getLocalPort());
            var info = new PeerInfo(KeyPair.generate().peerId(), List.of(nobody));
            var dial = new FutureTask<>(() -> client.connect(info));
            var thread = Scheduler.system().fork("dial", dial);
            try (var accepted = silent.accept()) {
                Eventually.isWaiting(thread);

                thread.interrupt();

                assertThatThrownBy(dial::get).cause().isInstanceOf(InterruptedException.class);
                assertThat(accepted.isConnected()).isTrue();
            }
        }
    }

    @Test
    void thirty_two_threads_share_a_connection_and_every_stream_arrives_in_order()
            throws Exception {
        var server = echoing();
        var client = host();
        client.connect(server.info());
        var tasks = new ArrayList<FutureTask<Integer>>();
        for (int thread = 0; thread < 32; thread++) {
            int mark = thread;
            tasks.add(
                    start(() -> {
                        int intact = 0;
                        try (var stream = client.open(server.id(), ECHO)) {
                            for (int i = 0; i < 20; i++) {
                                var message =
                                        ByteString.copyFromUtf8((mark + ":" + i + " ").repeat(500));
                                stream.writeMessage(message);
                                if (stream.readMessage(100_000).equals(message)) {
                                    intact++;
                                }
                            }
                        }
                        return intact;
                    }));
        }

        for (var task : tasks) {
            assertThat(task.get()).isEqualTo(20);
        }
        assertThat(client.connections()).hasSize(1);
    }

    private void assertEchoes(Host from, Host to) throws Exception {
        from.peers().add(to.info());
        try (var stream = from.open(to.id(), ECHO)) {
            stream.writeMessage(ByteString.copyFromUtf8("ping"));
            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("ping");
        }
    }

    private Host echoing() throws Exception {
        var host = host();
        host.handle(ECHO, HostTest::echo);
        return host;
    }

    private static void echo(Stream stream) throws IOException, InterruptedException {
        var bytes = MemorySegment.ofArray(new byte[70_000]);
        for (int count; (count = stream.read(bytes)) >= 0; ) {
            stream.write(bytes.asSlice(0, count));
        }
    }

    private Host host() throws Exception {
        return host(Limits.defaults());
    }

    private Host host(Limits limits) throws Exception {
        var address =
                transport.equals("memory") ? "/memory/host" + names++ : "/ip4/127.0.0.1/tcp/0";
        var host =
                Libp2p.start(
                        KeyPair.generate(),
                        HostConfig.defaults()
                                .withListen(Multiaddr.parse(address))
                                .withMemory(memory)
                                .withEventLoops(1)
                                .withAgentVersion("test-agent")
                                .withLimits(limits));
        hosts.add(host);
        return host;
    }

    private static BlockingQueue<HostEvent> events(Host host) {
        var events = new LinkedBlockingQueue<HostEvent>();
        host.subscribe(events::add);
        return events;
    }

    private static <T> FutureTask<T> start(Callable<T> body) {
        var task = new FutureTask<>(body);
        Scheduler.system().fork("test", task);
        return task;
    }
}
