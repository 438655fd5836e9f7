package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.netty.util.Version;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.peer.PublicKey;

/**
 * What brought other implementations down, done to a host of ours: one test for each published
 * advisory about a layer that this module has. Those about gossip, rendezvous, DHT, WebRTC and
 * floodsub are about layers it does not have.
 */
@Timeout(60)
class AdvisoryTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";
    private static final String PROPOSES_NOISE = "072f6e6f6973650a";

    private final List<RawPeer> peers = new ArrayList<>();
    private Host victim;
    private Host honest;

    @BeforeEach
    @SuppressWarnings("NullAway.Init")
    void start() throws Exception {
        victim =
                Libp2p.start(
                        KeyPair.generate(),
                        HostConfig.defaults()
                                .withEventLoops(1)
                                .withListen(
                                        Multiaddr.parse("/ip4/127.0.0.1/tcp/0"),
                                        Multiaddr.parse("/ip4/127.0.0.1/udp/0/quic-v1")));
        victim.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(100)));
        honest = Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
        honest.peers().add(victim.info());
        assertThatTheHonestAreServed();
    }

    @AfterEach
    void stop() throws Exception {
        try {
            assertThatTheHonestAreServed();
        } finally {
            peers.forEach(RawPeer::close);
            honest.close();
            victim.close();
        }
    }

    private void assertThatTheHonestAreServed() throws Exception {
        try (var stream = honest.open(victim.id(), ECHO)) {
            stream.timeout(Duration.ofSeconds(20));
            stream.writeMessage(ByteString.copyFromUtf8("still there?"));
            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("still there?");
        }
    }

    /** Go: no bound on what one peer may open and hold. */
    @Test
    void cve_2022_23492_connections_and_streams_of_one_peer_have_a_bound() throws Exception {
        var release = new CountDownLatch(1);
        victim.handle(ProtocolId.of("/test/wait/1.0.0"), stream -> release.await());
        var peer = encrypted();

        for (int i = 0; i < 2000; i++) {
            peer.send(Steps.data(1, 2 * i + 1, HEADER + Steps.message("/test/wait/1.0.0")));
        }

        Eventually.until("most are refused", () -> resets(peer) >= 2000 - 512);
        release.countDown();
    }

    /** Rust: many small allocations by whoever connects. */
    @Test
    void cve_2022_23486_names_that_nobody_has_do_not_pile_up() throws Exception {
        var peer = encrypted();

        for (int i = 0; i < 200; i++) {
            peer.send(
                    Steps.data(
                            1,
                            2 * i + 1,
                            HEADER + Steps.message("/" + "x".repeat(120)).repeat(32)));
        }

        Eventually.until("they are answered or refused", () -> !peer.received().isEmpty());
    }

    /** Js: connections that never become one. */
    @Test
    void cve_2022_23487_connections_that_say_nothing_have_a_bound() throws Exception {
        int max = Limits.defaults().resources().transients().inboundConnections();
        var open = new ArrayList<RawPeer>();

        for (int i = 0; i < max + 20; i++) {
            var peer = RawPeer.raw(victim);
            peers.add(peer);
            open.add(peer);
        }

        Eventually.until(
                "those beyond the bound are gone",
                () -> open.stream().filter(RawPeer::isOpen).count() <= max);
    }

    /** Rust's yamux: answers to somebody who does not read, without end. */
    @Test
    void cve_2024_32984_answers_that_are_not_read_end_the_connection() throws Exception {
        var peer = encrypted();
        peer.stopReading();
        var pings = "000200010000000000000001".repeat(5000);

        for (int i = 0; i < 2000 && victim.connections().size() > 1; i++) {
            peer.send(pings);
            Eventually.until(
                    "they are sent or refused",
                    () -> peer.hasSentAll() || victim.connections().size() == 1);
        }

        Eventually.until("it is cut off", () -> victim.connections().size() == 1);
    }

    /** Rust's yamux: credit that overflows. */
    @Test
    void cve_2026_31814_credit_that_overflows_ends_the_connection() throws Exception {
        var peer = encrypted();

        peer.send("000100010000000100000000", "0001000000000001ffff0000");

        Eventually.until("it is cut off", () -> !peer.isOpen());
        assertThat(peer.received()).endsWith("000300000000000000000001");
    }

    /** Rust's yamux: a first frame that is longer than the window. */
    @Test
    void cve_2026_32314_a_first_frame_beyond_the_window_is_refused_by_its_header()
            throws Exception {
        var peer = encrypted();

        peer.send("000000010000000100040001");

        Eventually.until("it is refused", () -> resets(peer) == 1);
        assertThat(peer.isOpen()).isTrue();
    }

    /** Go and others: RSA keys so long that verifying with one takes seconds. */
    @Test
    void cve_2023_39533_a_long_rsa_key_is_refused_before_any_arithmetic() throws Exception {
        for (var file : List.of("rsa-8193.bin", "rsa-16384.bin")) {
            var key = BadInput.file("public-key", file);

            assertThatThrownBy(() -> PublicKey.decode(ByteString.copyFrom(key)))
                    .isInstanceOf(IllegalArgumentException.class);
        }

        var peer = raw();
        peer.send(HEADER + PROPOSES_NOISE);
        peer.send(BadInput.file("noise-listener", "payload-rsa-16384.bin"));
        Eventually.until("it is dropped", () -> !peer.isOpen());
    }

    /** Go: signed records of any number of invented peers, kept for an hour. */
    @Test
    void cve_2023_40583_records_of_invented_peers_push_out_only_each_other() {
        var bounds = new PeerStore.Bounds(100, 32, Duration.ofHours(1), Duration.ofHours(1));
        var store = PeerStore.inMemory(bounds, () -> Instant.EPOCH);

        for (int i = 0; i < 1000; i++) {
            store.add(new PeerInfo(KeyPair.generate().peerId(), victim.addresses()));
        }

        assertThat(store.peers()).hasSizeLessThanOrEqualTo(100);
    }

    /** Js: a loop over the length of a DER element that an RSA key in identify announces. */
    @Test
    void cve_2026_110789_no_length_in_the_der_of_a_key_makes_a_loop() throws Exception {
        for (int first = 0x80; first <= 0xff; first++) {
            var der = "30%02x".formatted(first) + "ff".repeat(127);
            var key = HexFormat.of().parseHex("0800" + "12" + "8101" + der);

            assertThatThrownBy(() -> PublicKey.decode(ByteString.copyFrom(key)))
                    .isInstanceOf(IllegalArgumentException.class);
        }

        var peer = encrypted();
        peer.send(Steps.data(1, 1, HEADER + Steps.message("/ipfs/id/push/1.0.0")));
        var lie = BadInput.file("identify", "key-rsa-der-length-ff.bin");
        peer.send(Steps.data(4, 1, HexFormat.of().formatHex(lie)));
        Eventually.until("it is refused", () -> resets(peer) == 1);
    }

    /**
     * Rust's QUIC: the text of the advisory is not at hand; what is known of its kind is packets
     * that a stranger sends before any handshake, cut off or with lengths that lie.
     */
    @Test
    void ghsa_5hq8_qhww_jm7q_first_packets_of_quic_with_lies_are_passed_over() throws Exception {
        var port = victim.addresses().getLast().value(AddressProtocol.UDP).orElseThrow();
        var client = HostConfig.defaults().withEventLoops(1);
        try (var socket = new DatagramSocket()) {
            for (int length = 1; length <= 1200; length += 7) {
                for (var start : List.of("c300000001", "c3000000010800112233445566778899", "ff")) {
                    var bytes = new byte[length];
                    var head = HexFormat.of().parseHex(start);
                    System.arraycopy(head, 0, bytes, 0, Math.min(length, head.length));
                    var to = InetAddress.getLoopbackAddress();
                    socket.send(new DatagramPacket(bytes, length, to, Integer.parseInt(port)));
                }
            }
        }

        try (var late = Libp2p.start(KeyPair.generate(), client)) {
            var quic = new PeerInfo(victim.id(), List.of(victim.addresses().getLast()));
            assertThat(late.connect(quic).isOpen()).isTrue();
        }
    }

    /** CVE-2026-42580, -42585 and -42587: request smuggling and bombs in Netty before 4.2.13. */
    @Test
    void cve_2026_42580_netty_is_later_than_its_own_advisories() {
        var netty = Objects.requireNonNull(Version.identify().get("netty-codec-http"));

        assertThat(netty.artifactVersion()).matches("4\\.2\\.(1[3-9]|[2-9][0-9])\\..+");
    }

    private RawPeer raw() throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peers.add(peer);
        return peer;
    }

    private RawPeer encrypted() throws InterruptedException {
        var peer = RawPeer.encrypted(victim);
        peers.add(peer);
        Eventually.until("the victim knows it", () -> victim.connections().size() == 2);
        return peer;
    }

    /** How many streams were reset: frames of window updates with RST, with or without ACK. */
    private static int resets(RawPeer peer) {
        var received = peer.received();
        int count = 0;
        for (var flags : List.of("00010008", "0001000a")) {
            for (int at = received.indexOf(flags); at >= 0; at = received.indexOf(flags, at + 1)) {
                count++;
            }
        }
        return count;
    }
}
