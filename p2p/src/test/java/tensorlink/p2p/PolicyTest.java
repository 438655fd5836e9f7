package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.dns.TinyNameServer;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** With whom whole hosts are connected, for how long, and how much they may take. */
@Timeout(60)
class PolicyTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final Limits LIMITS = Limits.defaults();

    @TempDir private Path folder;

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void close() {
        for (var host : hosts) {
            host.close();
        }
    }

    @Test
    void everything_held_is_given_back() throws Exception {
        var server = echoing(config());
        var client = host(config());
        var connection = client.connect(server.info());
        try (var stream = connection.open(ECHO)) {
            stream.writeMessage(ByteString.copyFrom(new byte[500]));
            stream.readMessage(1000);
            assertThat(used(client, "protocol " + ECHO, Resource.OUTBOUND_STREAMS)).isOne();
            assertThat(used(client, "system", Resource.OUTBOUND_CONNECTIONS)).isOne();
            assertThat(used(client, "transient", Resource.OUTBOUND_CONNECTIONS)).isZero();
            assertThat(used(server, "peer " + client.id(), Resource.MEMORY)).isPositive();
        }

        client.disconnect(server.id());

        for (var host : List.of(client, server)) {
            Eventually.until(
                    "nothing is held",
                    () -> host.control().resources().stream().allMatch(use -> use.used() == 0));
        }
    }

    @Test
    void streams_beyond_what_a_protocol_may_have_are_refused_until_one_ends() throws Exception {
        var two = new Limits.Scope(1 << 30, 2, 2, 0, 0);
        var server =
                echoing(
                        config().withLimits(
                                        LIMITS.withResources(
                                                LIMITS.resources().withProtocol(two))));
        var refusals = new CopyOnWriteArrayList<String>();
        var _ =
                server.control()
                        .observe(
                                new HostObserver() {
                                    @Override
                                    public void refused(Refused what, Why why, String detail) {
                                        refusals.add(what + " " + why + ": " + detail);
                                    }
                                });
        var client = host(config());
        client.connect(server.info());
        var first = echoed(client, server);
        var second = echoed(client, server);

        assertThatThrownBy(() -> echoed(client, server)).isInstanceOf(IOException.class);
        assertThat(refusals).contains("STREAM LIMIT: protocol " + ECHO + " is full");

        first.close();
        Eventually.until(
                "there is room",
                () -> {
                    try (var _ = echoed(client, server)) {
                        return true;
                    } catch (IOException | InterruptedException full) {
                        return false;
                    }
                });
        second.close();
    }

    @Test
    void our_own_limit_is_told_by_name() throws Exception {
        var one = new Limits.Scope(1 << 30, 0, 0, 0, 0);
        var server = echoing(config());
        var client =
                host(
                        config().withLimits(
                                        LIMITS.withResources(
                                                LIMITS.resources().withProtocol(one))));
        client.connect(server.info());

        assertThatThrownBy(() -> client.open(server.id(), ECHO))
                .isInstanceOf(ResourceLimitException.class)
                .hasMessage("protocol " + ECHO + " would hold 1 outbound streams, limit 0");
    }

    @Test
    void whoever_is_denied_is_disconnected_and_kept_out_until_he_is_off_the_list()
            throws Exception {
        var server = echoing(config());
        var client = host(config());
        client.connect(server.info());
        Eventually.until("the server knows", () -> !server.connections().isEmpty());

        server.control().gater().deny(client.id());

        Eventually.until("it is gone", () -> client.connections().isEmpty());
        assertThatThrownBy(() -> connectAndUse(client, server)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> server.connect(client.info()))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failed ->
                                assertThat(failed.attempts().getFirst().cause())
                                        .isInstanceOf(GateException.class));
        server.control().gater().undeny(client.id());
        connectAndUse(client, server);
    }

    @Test
    void a_denied_subnet_is_not_even_listened_to() throws Exception {
        var server = echoing(config());
        var client = host(config());
        server.control().gater().deny(Subnet.parse("127.0.0.0/8"));

        assertThatThrownBy(() -> client.connect(server.info())).isInstanceOf(DialException.class);
        assertThat(used(server, "system", Resource.INBOUND_CONNECTIONS)).isZero();
    }

    @Test
    void a_host_of_the_public_network_leaves_the_neighbours_alone() throws Exception {
        var server = echoing(config());
        var client = host(config().withListen().withReach(Reach.PUBLIC));

        assertThatThrownBy(() -> client.connect(server.info()))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("127.0.0.1 is LOOPBACK");
    }

    @Test
    void too_many_connections_are_trimmed_but_for_the_protected() throws Exception {
        var trimming = new Limits.Trimming(1, 3, Duration.ZERO, Duration.ofMillis(300));
        var server = echoing(config().withLimits(LIMITS.withTrimming(trimming)));
        var dear = host(config());
        server.control().protect(dear.id(), "friend");
        dear.connect(server.info());
        for (int i = 0; i < 3; i++) {
            host(config()).connect(server.info());
        }

        Eventually.until("some were closed", () -> server.connections().size() == 1);

        assertThat(server.connections().getFirst().remotePeer()).isEqualTo(dear.id());
        assertThat(server.control().unprotect(dear.id(), "friend")).isFalse();
    }

    @Test
    void of_two_idle_connections_to_a_peer_one_remains() throws Exception {
        var trimming = new Limits.Trimming(10, 10, Duration.ZERO, Duration.ofMillis(300));
        var alice = host(config().withLimits(LIMITS.withTrimming(trimming)));
        var bob = host(config().withLimits(LIMITS.withTrimming(trimming)));
        var there =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                alice.connect(bob.info());
                            } catch (IOException | InterruptedException failed) {
                                throw new AssertionError(failed);
                            }
                        });
        bob.connect(alice.info());
        there.join();

        Eventually.until(
                "one is left",
                () -> alice.connections().size() == 1 && bob.connections().size() == 1);
        assertThat(alice.connections().getFirst().isOpen()).isTrue();
    }

    @Test
    void an_address_that_failed_is_left_alone_for_a_while() throws Exception {
        var client = host(config());
        var nobody =
                new PeerInfo(
                        KeyPair.generate().peerId(),
                        List.of(Multiaddr.parse("/dns4/localhost/tcp/1")));

        assertThatThrownBy(() -> client.connect(nobody))
                .isInstanceOf(DialException.class)
                .hasMessageNotContaining("left alone");
        assertThatThrownBy(() -> client.connect(nobody))
                .isInstanceOf(DialException.class)
                .hasMessageContaining("failed lately and is left alone");
    }

    @Test
    void a_name_leads_to_the_peer_it_names() throws Exception {
        var server = echoing(config());
        var full = server.info().fullAddresses().getFirst();
        try (var names =
                new TinyNameServer(Map.of("_dnsaddr.boot.test", List.of("dnsaddr=" + full)))) {
            var client = host(config().withNameServer("127.0.0.1:" + names.port()));
            var boot = Multiaddr.parse("/dnsaddr/boot.test");

            var connection = client.connect(new PeerInfo(server.id(), List.of(boot)));

            assertThat(connection.remoteAddress()).isEqualTo(server.addresses().getFirst());
            assertThatThrownBy(() ->
                            client.connect(
                                    new PeerInfo(KeyPair.generate().peerId(), List.of(boot))))
                    .isInstanceOf(DialException.class)
                    .hasMessageContaining("leads to no address of");
        }
    }

    @Test
    void no_more_peers_are_dialled_at_once_than_the_limit() throws Exception {
        var dialling = LIMITS.dialling().withWaitingMax(1).withTimeout(Duration.ofSeconds(3));
        var client = host(config().withLimits(LIMITS.withDialling(dialling)));
        try (var silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            var address = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + silent.getLocalPort());
            var first = new PeerInfo(KeyPair.generate().peerId(), List.of(address));
            var second = new PeerInfo(KeyPair.generate().peerId(), List.of(address));
            var waiting =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    client.connect(first);
                                } catch (IOException | InterruptedException expected) {
                                    return;
                                }
                            });
            silent.accept();

            assertThatThrownBy(() -> client.connect(second))
                    .isInstanceOf(DialException.class)
                    .hasMessageContaining("1 peers are being dialled, which is the limit");
            waiting.join();
        }
    }

    @Test
    void a_host_finds_its_peers_again_after_a_restart() throws Exception {
        var server = echoing(config());
        var file = folder.resolve("peers");
        try (var client = Libp2p.start(KeyPair.generate(), config().withPeerFile(file))) {
            client.connect(server.info());
        }

        var again = host(config().withPeerFile(file));

        echoed(again, server).close();
    }

    private static Stream echoed(Host client, Host server)
            throws IOException, InterruptedException {
        var stream = client.open(server.id(), ECHO);
        stream.writeMessage(ByteString.copyFromUtf8("hello"));
        stream.readMessage(1000);
        return stream;
    }

    private static void connectAndUse(Host client, Host server)
            throws IOException, InterruptedException {
        client.connect(server.info());
        echoed(client, server).close();
    }

    private static long used(Host host, String scope, Resource resource) {
        for (var use : host.control().resources()) {
            if (use.scope().equals(scope) && use.resource() == resource) {
                return use.used();
            }
        }
        return 0;
    }

    private static HostConfig config() {
        return HostConfig.defaults().withEventLoops(1);
    }

    private Host echoing(HostConfig config) {
        var host = host(config);
        host.handle(
                ECHO,
                stream -> {
                    for (var message = stream.nextMessage(1000);
                            message.isPresent();
                            message = stream.nextMessage(1000)) {
                        stream.writeMessage(message.get());
                    }
                });
        return host;
    }

    private Host host(HostConfig config) {
        try {
            var host = Libp2p.start(KeyPair.generate(), config);
            hosts.add(host);
            return host;
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }
}
