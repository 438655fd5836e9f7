package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** A node of a private network says nothing that others understand, and nothing at all outside. */
@Timeout(60)
class PrivateNodeTest {
    private static final int NONCE_BYTES = 24;

    /** In any of these a stranger would understand what speaks to him. */
    private static final List<String> OPEN_WORDS =
            List.of("multistream", "noise", "tls", "libp2p", "tensorlink");

    @TempDir private Path folder;

    private final Scheduler scheduler = Scheduler.system();

    @Test
    void nobody_outside_the_allowed_subnets_is_dialled_whoever_names_him() throws Exception {
        try (var outsider = new Stranger("127.0.0.2");
                var insider = new Stranger("127.0.0.1");
                var node =
                        start(
                                founded(outsider.asPeer())
                                        .via(outsider.asPeer(), insider.asPeer()))) {
            insider.awaitVisit();
            node.node().host().peers().add(outsider.asPeer());
            assertThatThrownBy(() -> node.node().host().connect(outsider.asPeer()))
                    .hasMessageContaining("127.0.0.2 is in no subnet that is allowed");

            assertThat(outsider.visits()).isZero();
            assertThat(node.node().bootstrapProblems())
                    .anySatisfy(problem ->
                            assertThat(problem.why())
                                    .contains("127.0.0.2 is in no subnet that is allowed"));
        }
    }

    @Test
    void who_comes_in_from_outside_is_turned_away_before_a_word_is_said() throws Exception {
        try (var node = start(founded(nobody()))) {
            var address = node.node().addresses().getFirst();
            try (var socket = new Socket()) {
                socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), 0));
                socket.connect(
                        new InetSocketAddress(
                                InetAddress.ofLiteral("127.0.0.1"),
                                Integer.parseInt(
                                        address.value(AddressProtocol.TCP).orElseThrow())));

                assertThat(read(socket.getInputStream(), NONCE_BYTES)).isEmpty();
            }
        }
    }

    @Test
    void a_stranger_who_is_dialled_understands_not_one_word() throws Exception {
        try (var stranger = new Stranger("127.0.0.1");
                var node = start(founded(nobody()).via(stranger.asPeer()))) {
            var heard = stranger.awaitVisit();

            assertThat(heard.length).isGreaterThan(NONCE_BYTES);
            var text = new String(heard, StandardCharsets.ISO_8859_1);
            assertThat(OPEN_WORDS).noneMatch(text::contains);
            assertThat(node.node().host().connections()).isEmpty();
        }
    }

    @Test
    void without_its_key_the_home_of_a_private_network_starts_no_node() throws Exception {
        var home = Home.at(folder.resolve("home"));
        found(home, nobody());
        Files.delete(home.network().resolve("swarm.key"));

        assertThatThrownBy(() -> Network.of(Networks.membership(home).orElseThrow()))
                .isInstanceOf(NetworkException.class)
                .hasMessageContaining("its key is missing");
    }

    /** A private network, whose descriptor names {@code seed}, in which all is on 127.0.0.1. */
    private Network founded(PeerInfo seed) throws IOException {
        var home = Home.at(folder.resolve("home"));
        found(home, seed);
        return Network.of(Networks.membership(home).orElseThrow())
                .presence(Presence.defaults().withAllowed(List.of(Subnet.parse("127.0.0.1/32"))));
    }

    private void found(Home home, PeerInfo seed) throws IOException {
        Networks.create(
                home,
                new Networks.Founding(
                        "team", true, seed.fullAddresses(), new Networks.Accounts.None()),
                scheduler.now());
    }

    private ValidatorNode start(Network network) throws Exception {
        return ValidatorNode.start(
                network, Home.at(folder.resolve("home")), ValidatorNode.Options.free());
    }

    private static PeerInfo nobody() {
        return new PeerInfo(
                KeyPair.generate().peerId(), List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/1")));
    }

    private static byte[] read(InputStream in, int most) throws IOException {
        var heard = new ByteArrayOutputStream();
        try {
            for (int next = in.read(); next >= 0 && heard.size() < most; next = in.read()) {
                heard.write(next);
            }
        } catch (IOException reset) {
            // As good as an end.
        }
        return heard.toByteArray();
    }

    /** Listens, and keeps what is said to him. */
    private final class Stranger implements AutoCloseable {
        private final KeyPair key = KeyPair.generate();
        private final AtomicInteger visits = new AtomicInteger();
        private final LinkedBlockingQueue<byte[]> heard = new LinkedBlockingQueue<>();
        private final ServerSocket socket;

        Stranger(String address) throws IOException {
            socket = new ServerSocket(0, 10, InetAddress.ofLiteral(address));
            var _ = scheduler.fork("stranger", this::listen);
        }

        private void listen() {
            while (!socket.isClosed()) {
                try (var visitor = socket.accept()) {
                    visits.incrementAndGet();
                    visitor.setSoTimeout((int) Duration.ofSeconds(2).toMillis());
                    heard.add(read(visitor.getInputStream(), 4 * NONCE_BYTES));
                } catch (IOException closed) {
                    // The test is over.
                }
            }
        }

        PeerInfo asPeer() {
            return new PeerInfo(
                    key.peerId(),
                    List.of(
                            Multiaddr.parse(
                                    "/ip4/"
                                            + socket.getInetAddress().getHostAddress()
                                            + "/tcp/"
                                            + socket.getLocalPort())));
        }

        int visits() {
            return visits.get();
        }

        byte[] awaitVisit() throws InterruptedException {
            return heard.take();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
