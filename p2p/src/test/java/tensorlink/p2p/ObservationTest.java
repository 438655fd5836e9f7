package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** What an operator sees of a host at work. */
@Timeout(60)
class ObservationTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");

    private static final ProtocolId BULK = ProtocolId.of("/test/bulk/1.0.0");

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void close() {
        for (var host : hosts) {
            host.close();
        }
    }

    @Test
    void a_connection_says_what_it_runs_over() throws Exception {
        var server = host("/ip4/127.0.0.1/tcp/0/ws", HostConfig.Security.TLS);
        var client = host("/ip4/127.0.0.1/tcp/0", HostConfig.Security.TLS);

        var link = client.connect(server.info()).link();

        assertThat(link.transport()).isEqualTo("ws");
        assertThat(link.security()).isEqualTo("/tls/1.0.0");
        assertThat(link.muxer()).isEqualTo("/yamux/1.0.0");
    }

    @Test
    void quic_brings_security_and_muxer_of_its_own() throws Exception {
        var server = host("/ip4/127.0.0.1/udp/0/quic-v1", HostConfig.Security.NOISE);
        var client = host("/ip4/127.0.0.1/tcp/0", HostConfig.Security.NOISE);

        var link = client.connect(server.info()).link();

        assertThat(link.transport()).isEqualTo("quic-v1");
        assertThat(link.security()).isEqualTo("quic");
        assertThat(link.muxer()).isEqualTo("quic");
    }

    @Test
    void traffic_is_counted_by_protocol_and_streams_until_they_are_over() throws Exception {
        var server = echoing();
        var client = host();
        var connection = client.connect(server.info());

        try (var stream = connection.open(ECHO)) {
            stream.writeMessage(ByteString.copyFrom(new byte[999]));
            stream.readMessage(1000);
            assertThat(connection.streams()).isPositive();
            assertThat(traffic(client).streamsOpen()).isOne();
        }

        Eventually.until("the stream is over", () -> traffic(client).streamsOpen() == 0);
        assertThat(traffic(client).sent()).isEqualTo(1001);
        assertThat(traffic(client).received()).isEqualTo(1001);
        assertThat(traffic(client).streamsOpened()).isOne();
        Eventually.until("there too", () -> traffic(server).streamsOpen() == 0);
        assertThat(traffic(server).received()).isEqualTo(1001);
    }

    @Test
    void observers_see_dials_connections_and_streams() throws Exception {
        var server = echoing();
        var client = host();
        var seen = new Notes();
        try (var _ = client.control().observe(seen)) {
            client.connect(server.info());
            client.open(server.id(), ECHO).close();
            client.disconnect(server.id());
            Eventually.until("it is gone", () -> seen.notes.contains("disconnected"));
        }
        client.connect(server.info());

        assertThat(seen.notes)
                .containsSubsequence("connected", "dialled", "opened OUTBOUND", "disconnected")
                .containsOnlyOnce("disconnected", "dialled", "opened OUTBOUND", "closed OUTBOUND");
    }

    @Test
    void a_failed_dial_is_observed_with_its_reason() {
        var client = host();
        var seen = new Notes();
        var nobody = new PeerInfo(KeyPair.generate().peerId(), List.of(unused()));

        try (var _ = client.control().observe(seen)) {
            assertThatThrownBy(() -> client.connect(nobody)).isInstanceOf(DialException.class);
        }

        assertThat(seen.notes).singleElement().asString().startsWith("not dialled: ");
    }

    @Test
    void an_observer_that_throws_harms_nobody() throws Exception {
        var server = echoing();
        var client = host();
        var seen = new Notes();
        var _ =
                client.control()
                        .observe(
                                new HostObserver() {
                                    @Override
                                    public void connected(Connection connection) {
                                        throw new IllegalStateException("a bug");
                                    }
                                });
        var _ = client.control().observe(seen);

        client.connect(server.info());

        assertThat(seen.notes).contains("connected");
    }

    @Test
    void a_trace_tells_the_life_of_a_connection() throws Exception {
        var server = echoing();
        server.handle(BULK, stream -> stream.readMessage(1 << 20));
        var client = host();
        var text = new StringWriter();

        try (var _ = client.control().trace(server.id()::equals, text)) {
            var connection = client.connect(server.info());
            try (var stream = connection.open(ECHO)) {
                stream.writeMessage(ByteString.copyFromUtf8("secret"));
                stream.readMessage(100);
            }
            try (var stream = connection.open(BULK)) {
                stream.writeMessage(ByteString.copyFrom(new byte[300_000]));
                assertThat(stream.nextMessage(10)).isEmpty();
            }
            connection.close();
            Eventually.until("it is gone", () -> client.connections().isEmpty());
        }

        assertThat(text.toString().lines())
                .allMatch(line -> line.startsWith("{\"") && line.endsWith("}"));
        assertThat(text.toString().lines().map(ObservationTest::name))
                .containsSubsequence(
                        "qlog",
                        "connectivity:connection_started",
                        "connectivity:connected",
                        "security:agreed",
                        "security:peer_proven",
                        "connectivity:connection_ready",
                        "mux:frame_sent",
                        "mux:frame_received",
                        "stream:opened",
                        "connectivity:connection_closed");
        assertThat(text.toString())
                .contains("\"frame_type\":\"window_update\"")
                .contains("\"protocol\":\"/noise\"")
                .contains("{\"direction\":\"OUTBOUND\",\"protocol\":\"/test/echo/1.0.0\"}")
                .doesNotContain("secret");
    }

    @Test
    void an_inbound_connection_is_traced_from_its_start_once_its_peer_is_known() throws Exception {
        var server = echoing();
        var traced = host();
        var other = host();
        var text = new StringWriter();

        try (var _ = server.control().trace(traced.id()::equals, text)) {
            other.connect(server.info());
            traced.connect(server.info());
            Eventually.until("both are there", () -> server.connections().size() == 2);
        }

        assertThat(text.toString().lines().map(ObservationTest::name))
                .containsOnlyOnce("connectivity:connection_started")
                .containsSubsequence(
                        "connectivity:connection_started", "connectivity:connection_ready");
        assertThat(text.toString())
                .contains(traced.id().toString())
                .doesNotContain(other.id().toString());
    }

    @Test
    void a_trace_ends_at_its_limit() throws Exception {
        var server = echoing();
        var client = host(Limits.defaults().withTracing(new Limits.Tracing(5, 100)));
        var text = new StringWriter();

        var _ = client.control().trace(_ -> true, text);
        client.connect(server.info());
        Eventually.until("it ended", () -> text.toString().indexOf("trace:lines_max") > 0);
        client.open(server.id(), ECHO).close();

        assertThat(text.toString().lines()).hasSize(6);
    }

    @Test
    void a_sink_that_fails_ends_its_trace_and_nothing_else() throws Exception {
        var server = echoing();
        var client = host();
        Appendable broken = new Broken();

        var trace = client.control().trace(_ -> true, broken);
        client.connect(server.info());
        client.open(server.id(), ECHO).close();
        trace.close();

        assertThat(client.connections()).hasSize(1);
    }

    private static String name(String line) {
        if (line.startsWith("{\"qlog_version\":\"0.4\"")) {
            return "qlog";
        }
        int start = line.indexOf("\"name\":\"") + 8;
        return line.substring(start, line.indexOf('"', start));
    }

    @Test
    void the_wire_carries_more_than_the_payload_and_both_ends_count_the_same() throws Exception {
        var server = echoing();
        var client = host();
        try (var stream = client.connect(server.info()).open(ECHO)) {
            stream.writeMessage(ByteString.copyFrom(new byte[900]));
            assertThat(stream.readMessage(1000).size()).isEqualTo(900);
        }

        Eventually.until(
                "what one sent the other received",
                () -> server.control().wire().received() == client.control().wire().sent());
        assertThat(client.control().wire().sent()).isBetween(1_000L, 20_000L);
        assertThat(client.control().wire().received()).isBetween(1_000L, 20_000L);
    }

    private static tensorlink.p2p.core.Traffic traffic(Host host) {
        for (var traffic : host.control().traffic()) {
            if (traffic.protocol().equals(ECHO)) {
                return traffic;
            }
        }
        throw new AssertionError("no traffic of " + ECHO);
    }

    private static Multiaddr unused() {
        return Multiaddr.parse("/ip4/127.0.0.1/tcp/1");
    }

    private Host echoing() {
        var host = host();
        host.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(1000)));
        return host;
    }

    private Host host() {
        return host(Limits.defaults());
    }

    private Host host(Limits limits) {
        return start(HostConfig.defaults().withLimits(limits));
    }

    private Host host(String listen, HostConfig.Security security) {
        return start(
                HostConfig.defaults().withListen(Multiaddr.parse(listen)).withSecurities(security));
    }

    private Host start(HostConfig config) {
        try {
            var host = Libp2p.start(KeyPair.generate(), config.withEventLoops(1));
            hosts.add(host);
            return host;
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    private static final class Broken implements Appendable {
        @Override
        public Appendable append(CharSequence text) throws IOException {
            throw new IOException("disk full");
        }

        @Override
        public Appendable append(CharSequence text, int start, int end) throws IOException {
            throw new IOException("disk full");
        }

        @Override
        public Appendable append(char character) throws IOException {
            throw new IOException("disk full");
        }
    }

    /** Without what identify does on its own. */
    private static final class Notes implements HostObserver {
        private final List<String> notes = new CopyOnWriteArrayList<>();

        @Override
        public void connected(Connection connection) {
            notes.add("connected");
        }

        @Override
        public void disconnected(Connection connection, IOException reason) {
            notes.add("disconnected");
        }

        @Override
        public void dialled(
                PeerId peer, Multiaddr address, Duration took, Optional<IOException> failure) {
            notes.add(failure.map(cause -> "not dialled: " + cause.getMessage()).orElse("dialled"));
        }

        @Override
        public void streamOpened(Connection connection, ProtocolId protocol, Direction direction) {
            if (protocol.equals(ECHO)) {
                notes.add("opened " + direction);
            }
        }

        @Override
        public void streamClosed(Connection connection, ProtocolId protocol, Direction direction) {
            if (protocol.equals(ECHO)) {
                notes.add("closed " + direction);
            }
        }
    }
}
