package tensorlink.p2p.dcutr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.relay.RelayLimits;
import tensorlink.p2p.swarm.Swarm;

/** Whole hosts on the loopback interface. */
@Timeout(60)
class HolePuncherTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final Multiaddr LOOPBACK = Multiaddr.parse("/ip4/127.0.0.1/tcp/0");

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

    private Host relay() throws Exception {
        return host(HostConfig.defaults().withRelayService(RelayLimits.defaults()));
    }

    private static Multiaddr place(Host relay) {
        return relay.info().fullAddresses().getFirst().with(AddressProtocol.P2P_CIRCUIT, "");
    }

    private Host behind(Host relay, HostConfig config) throws Exception {
        var host = host(config);
        Eventually.until("it has a place", () -> host.addresses().contains(place(relay)));
        return host;
    }

    private static List<Connection> connections(Host host, Host with) {
        return host.connections().stream()
                .filter(it -> it.remotePeer().equals(with.id()) && !it.isLimited())
                .toList();
    }

    private static void assertEchoes(Connection connection) throws Exception {
        try (var stream = connection.open(ECHO)) {
            stream.writeMessage(ByteString.copyFromUtf8("direct"));
            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("direct");
        }
    }

    @Test
    void who_was_called_dials_the_caller_where_it_can_be_dialled() throws Exception {
        var relay = relay();
        var callee =
                behind(relay, HostConfig.defaults().withListen(place(relay)).withHolePunching());
        var caller = host(HostConfig.defaults().withHolePunching());

        caller.connect(callee.info());

        Eventually.until(
                "there is a direct connection", () -> connections(caller, callee).size() == 1);
        assertThat(connections(caller, callee).getFirst().direction()).isEqualTo(Direction.INBOUND);
        assertEchoes(connections(caller, callee).getFirst());
        assertThat(caller.open(callee.id(), ECHO).connection().isLimited()).isFalse();
    }

    @Test
    void the_relayed_connection_is_closed_when_its_streams_had_time_to_end() throws Exception {
        var relay = relay();
        var callee = behind(relay, HostConfig.defaults().withListen(place(relay)));
        var caller = host(HostConfig.defaults());
        var grace = Duration.ofMillis(100);
        new HolePuncher((Swarm) callee, Scheduler.system(), grace).start();

        var relayed = caller.connect(callee.info());

        assertThat(relayed.isLimited()).isTrue();
        Eventually.until("it is closed", () -> !relayed.isOpen());
        assertThat(connections(caller, callee)).hasSize(1);
        assertEchoes(connections(caller, callee).getFirst());
    }

    @Test
    void where_there_is_no_way_around_the_relayed_connection_stays_as_it_was() throws Exception {
        var relay = relay();
        var callee =
                behind(relay, HostConfig.defaults().withListen(place(relay)).withHolePunching());
        callee.control().allowOnLimited(ECHO);
        var caller = host(HostConfig.defaults().withListen().withHolePunching());
        caller.control().allowOnLimited(ECHO);
        var tries = new CountDownLatch(3);
        caller.unhandle(HolePuncher.PROTOCOL);
        caller.handle(
                HolePuncher.PROTOCOL,
                stream -> {
                    tries.countDown();
                    throw new IOException("no help");
                });

        var relayed = caller.connect(new PeerInfo(callee.id(), List.of(place(relay))));

        assertThat(tries.await(20, TimeUnit.SECONDS)).isTrue();
        assertEchoes(relayed);
        assertThat(caller.connections()).contains(relayed);
        assertThat(connections(caller, callee)).isEmpty();
    }

    @Test
    void a_caller_that_cannot_be_dialled_dials_when_it_is_told() throws Exception {
        var relay = relay();
        var callee =
                behind(
                        relay,
                        HostConfig.defaults()
                                .withListen(LOOPBACK, place(relay))
                                .withHolePunching());
        var caller = host(HostConfig.defaults().withListen().withHolePunching());

        caller.connect(new PeerInfo(callee.id(), List.of(place(relay))));

        Eventually.until(
                "there is a direct connection", () -> connections(caller, callee).size() == 1);
        assertThat(connections(caller, callee).getFirst().direction())
                .isEqualTo(Direction.OUTBOUND);
        assertEchoes(connections(caller, callee).getFirst());
    }

    @Test
    void when_both_dial_and_their_packets_meet_one_is_the_server() throws Exception {
        try (var meeting = new Meeting()) {
            var server = (Swarm) host(HostConfig.defaults().withHolePunching());
            var client = (Swarm) host(HostConfig.defaults().withHolePunching());
            var ends = new LinkedBlockingQueue<Object>();
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            ends.add(
                                    server.punch(
                                            client.id(),
                                            List.of(meeting.address()),
                                            Direction.INBOUND));
                        } catch (IOException | InterruptedException failure) {
                            ends.add(failure);
                        }
                    });

            var ours = client.punch(server.id(), List.of(meeting.address()), Direction.OUTBOUND);

            assertThat(ours.direction()).isEqualTo(Direction.OUTBOUND);
            assertThat(ours.remotePeer()).isEqualTo(server.id());
            var theirs = (Connection) ends.poll(20, TimeUnit.SECONDS);
            assertThat(theirs).isNotNull();
            assertThat(theirs.direction()).isEqualTo(Direction.INBOUND);
            assertThat(theirs.remotePeer()).isEqualTo(client.id());
            assertEchoes(ours);
            assertEchoes(theirs);
        }
    }

    @Test
    void over_quic_the_one_that_was_called_knocks_and_the_caller_dials() throws Exception {
        var relay = relay();
        var callee =
                behind(
                        relay,
                        HostConfig.defaults()
                                .withListen(
                                        Multiaddr.parse("/ip4/127.0.0.1/udp/0/quic-v1"),
                                        place(relay))
                                .withHolePunching());
        var caller = host(HostConfig.defaults().withListen().withHolePunching());

        caller.connect(new PeerInfo(callee.id(), List.of(place(relay))));

        Eventually.until(
                "there is a direct connection", () -> connections(caller, callee).size() == 1);
        assertThat(connections(caller, callee).getFirst().link().transport()).isEqualTo("quic-v1");
        assertEchoes(connections(caller, callee).getFirst());
    }

    @Test
    void a_knock_is_heard_where_it_is_sent() throws Exception {
        var host =
                (Swarm)
                        host(
                                HostConfig.defaults()
                                        .withListen(Multiaddr.parse("/ip4/127.0.0.1/udp/0/quic-v1"))
                                        .withHolePunching());
        try (var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setSoTimeout(20_000);
            var there = Multiaddr.parse("/ip4/127.0.0.1/udp/" + socket.getLocalPort() + "/quic-v1");
            var packet = new DatagramPacket(new byte[100], 100);

            host.knock(KeyPair.generate().peerId(), List.of(there), new byte[] {1, 2, 3});
            socket.receive(packet);

            assertThat(packet.getLength()).isEqualTo(3);
            assertThat(host.addresses().getFirst().value(AddressProtocol.UDP))
                    .contains(Integer.toString(packet.getPort()));
        }
    }

    private static HostConfig listening(String transport) {
        return HostConfig.defaults().withListen(Multiaddr.parse("/ip4/127.0.0.1/" + transport));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp/0", "udp/0/quic-v1"})
    void connections_come_from_the_port_that_is_listened_at(String transport) throws Exception {
        var host = host(listening(transport).withHolePunching());
        var other = host(listening(transport));

        host.connect(other.info());

        Eventually.until("it is seen", () -> connections(other, host).size() == 1);
        assertThat(connections(other, host).getFirst().remoteAddress())
                .isEqualTo(host.addresses().getFirst());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp/0", "udp/0/quic-v1"})
    void there_may_be_a_second_connection_and_one_after_a_loss(String transport) throws Exception {
        var host = host(listening(transport).withHolePunching());
        var other = host(listening(transport));

        host.connect(other.info());
        assertEchoes(host.dial(other.info()));
        host.disconnect(other.id());
        Eventually.until("they are gone", () -> connections(host, other).isEmpty());

        assertEchoes(host.connect(other.info()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp/0", "udp/0/quic-v1"})
    void two_that_share_their_ports_may_each_have_dialled_the_other(String transport)
            throws Exception {
        var one = host(listening(transport).withHolePunching());
        var two = host(listening(transport).withHolePunching());

        var there = one.dial(two.info());
        var back = two.dial(one.info());
        var third = one.dial(two.info());

        assertEchoes(there);
        assertEchoes(back);
        assertEchoes(third);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp/0", "udp/0/quic-v1"})
    void a_port_that_another_listens_at_is_not_shared(String transport) throws Exception {
        var host = host(listening(transport).withHolePunching());
        var taken = HostConfig.defaults().withListen(host.addresses().getFirst());

        assertThatThrownBy(() -> host(taken.withHolePunching())).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> host(taken)).isInstanceOf(IOException.class);
    }

    @Test
    void nobody_is_helped_over_a_connection_that_needs_no_help() throws Exception {
        var host = host(HostConfig.defaults().withHolePunching());
        var stranger = host(HostConfig.defaults());
        stranger.connect(host.info());

        assertThatThrownBy(() -> askForHelp(stranger, host)).isInstanceOf(IOException.class);
    }

    /** The reset may come at any time, also when the stream is closed. */
    private static void askForHelp(Host who, Host whom) throws Exception {
        try (Stream stream = who.open(whom.id(), HolePuncher.PROTOCOL)) {
            stream.writeMessage(new PunchMessage.Connect(List.of()).encode());
            var _ = stream.readMessage(4096);
        }
    }
}
