package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.identify.Identify;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerRecord;
import tensorlink.p2p.wire.IdentifyMessage;

/** Peers that break the rules, on purpose or not: they lose, everybody else goes on. */
@Timeout(60)
class HostileTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final String HEADER = "132f6d756c746973747265616d2f312e302e300a";
    private static final String PROPOSES_NOISE = "072f6e6f6973650a";
    private static final String PROPOSES_TLS = "0b2f746c732f312e302e300a";
    private static final String NOT_AVAILABLE = "036e610a";

    private final List<RawPeer> peers = new ArrayList<>();
    private final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private Host victim;
    private Host honest;

    @BeforeEach
    @SuppressWarnings("NullAway.Init")
    void start() throws Exception {
        var limits = Limits.defaults();
        victim =
                host(
                        limits.withConnections(limits.connections().withUpgradeTimeout(SHORT))
                                .withStreams(limits.streams().withNegotiateTimeout(SHORT)));
        victim.handle(ECHO, this::echo);
        honest = host(limits);
        honest.peers().add(victim.info());
    }

    @AfterEach
    void stop() throws Exception {
        try {
            assertThatTheHonestAreServed();
        } finally {
            for (var peer : peers) {
                peer.close();
            }
            honest.close();
            victim.close();
        }
    }

    /** Silence at each step of bringing a connection up. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "13",
                HEADER,
                HEADER + "07",
                HEADER + PROPOSES_NOISE,
                HEADER + PROPOSES_NOISE + "0020",
                HEADER
                        + PROPOSES_NOISE
                        + "00200900000000000000000000000000000000000000000000000000000000000000"
            })
    void who_falls_silent_before_the_handshake_is_through_is_dropped(String hex) throws Exception {
        var peer = raw();

        peer.send(hex);

        Eventually.until("it is dropped", () -> !peer.isOpen());
        assertThat(victim.connections()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // an HTTP request, a TLS hello, zeros, a length of 0, one of 1025, one of ten bytes
                "474554202f20485454502f312e310d0a",
                "16030100c8010000c4",
                "00000000000000000000000000000000",
                "00",
                "8108",
                "ffffffffffffffffffff",
                // no header, no line feed, not UTF-8, a NUL
                "072f6e6f6973650a",
                "132f6d756c746973747265616d2f312e302e3020",
                "03ff610a",
                "0361000a",
                // a Noise message: empty, too long, of a wrong length, a key of low order
                HEADER + PROPOSES_TLS + "0000000000",
                HEADER + PROPOSES_TLS + "160301000401000000",
                HEADER + PROPOSES_NOISE + "0000",
                HEADER + PROPOSES_NOISE + "ffff",
                HEADER + PROPOSES_NOISE + "0001aa",
                HEADER
                        + PROPOSES_NOISE
                        + "00200000000000000000000000000000000000000000000000000000000000000000"
            })
    void who_speaks_something_else_is_dropped_at_once(String hex) throws Exception {
        var peer = raw();

        peer.send(hex);

        Eventually.until("it is dropped", () -> !peer.isOpen());
        assertThat(victim.connections()).isEmpty();
    }

    @Test
    void a_security_that_we_do_not_have_is_not_available() throws Exception {
        var peer = raw();

        peer.send(
                HEADER,
                Steps.message("/plaintext/2.0.0"),
                Steps.message("/secio/1.0.0"),
                Steps.message("ls"));

        Eventually.until(
                "it is answered", () -> peer.received().equals(HEADER + NOT_AVAILABLE.repeat(3)));
    }

    @Test
    void thirty_three_unknown_securities_are_too_many() throws Exception {
        var peer = raw();

        peer.send(HEADER);
        for (int i = 0; i < 33; i++) {
            peer.send(Steps.message("/x/" + i));
        }

        Eventually.until("it is dropped", () -> !peer.isOpen());
    }

    @Test
    void noise_instead_of_ciphertext_ends_the_connection() throws Exception {
        var random = new Random(1);
        for (int i = 0; i < 20; i++) {
            var peer = raw();
            var bytes = new byte[1 + random.nextInt(2000)];
            random.nextBytes(bytes);

            peer.send(HEADER, PROPOSES_NOISE);
            peer.send(bytes);

            Eventually.until("it is dropped", () -> !peer.isOpen());
        }
        assertThat(victim.connections()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "010000000000000100000000",
        "000900000000000100000000",
        "000100010000000200000000",
        "000000010000000001000001"
    })
    void a_frame_that_makes_no_sense_ends_the_connection_with_a_reason(String frame)
            throws Exception {
        var peer = encrypted();

        peer.send(frame);

        Eventually.until("it is dropped", () -> !peer.isOpen());
        assertThat(peer.received()).endsWith("000300000000000000000001");
    }

    @Test
    void ten_thousand_pings_that_nobody_reads_the_answers_of_end_the_connection() throws Exception {
        var peer = encrypted();
        peer.stopReading();
        var pings = "000200010000000000000001".repeat(5000);

        for (int i = 0; i < 2000 && peer.isOpen() && victim.connections().size() == 1; i++) {
            peer.send(pings);
            Eventually.until(
                    "they are sent or refused",
                    () -> peer.hasSentAll() || victim.connections().isEmpty());
        }

        Eventually.until("it is dropped", () -> victim.connections().isEmpty());
        assertThat(pooledBytes()).isLessThan(64L << 20);
    }

    @Test
    void of_ten_thousand_streams_without_a_word_most_are_refused_and_the_rest_time_out()
            throws Exception {
        var peer = encrypted();
        var flood = new StringBuilder();
        for (int i = 0; i < 10_000; i++) {
            flood.append("00010001%08x00000000".formatted(1 + 2 * i));
        }

        peer.send(flood.toString());

        Eventually.until(
                "every stream is reset",
                () ->
                        count(peer.received(), "00010008") + count(peer.received(), "0001000a")
                                >= 10_000);
        assertThat(peer.isOpen()).isTrue();
    }

    @Test
    void rapid_resets_do_not_pile_up_threads() throws Exception {
        var peer = encrypted();
        for (int round = 0; round < 100; round++) {
            var flood = new StringBuilder();
            for (int i = 0; i < 1000; i++) {
                int id = 1 + 2 * (round * 1000 + i);
                flood.append("00010001%08x00000000".formatted(id));
                flood.append("00010008%08x00000000".formatted(id));
            }
            peer.send(flood.toString());
        }
        peer.send("000200010000000012345678");

        Eventually.until(
                "the connection works", () -> peer.received().contains("000200020000000012345678"));
    }

    @Test
    void a_stream_that_negotiates_slowly_is_reset() throws Exception {
        var peer = encrypted();

        peer.send("000000010000000100000001" + "13");

        Eventually.until(
                "it is reset",
                () ->
                        peer.received().contains("000100080000000100001001")
                                || peer.received().contains("0001000a0000000100001001"));
        assertThat(peer.isOpen()).isTrue();
    }

    @Test
    void a_stream_that_speaks_something_else_is_reset_as_a_violation() throws Exception {
        var peer = encrypted();

        peer.send("000000010000000100000004" + "deadbeef");

        Eventually.until(
                "it is reset",
                () ->
                        peer.received().contains("000100080000000100001004")
                                || peer.received().contains("0001000a0000000100001004"));
        assertThat(peer.isOpen()).isTrue();
    }

    @Test
    void who_breaks_protocols_on_one_stream_after_the_other_is_cut_off() throws Exception {
        var peer = encrypted();

        for (int i = 0; i < 16; i++) {
            peer.send("00000001%08x00000004deadbeef".formatted(1 + 2 * i));
        }

        Eventually.until("it is cut off", () -> !peer.isOpen());
    }

    @Test
    void who_sends_and_never_reads_holds_up_his_own_stream_only() throws Exception {
        var peer = encrypted();
        peer.stopReading();
        var start = HEADER + Steps.message(ECHO.name());
        peer.send("0000000100000001%08x".formatted(start.length() / 2) + start);
        int left = 262_144 - start.length() / 2;
        while (left > 0) {
            int part = Math.min(left, 60_000);
            peer.send("0000000000000001%08x".formatted(part) + "00".repeat(part));
            left -= part;
        }

        assertThatTheHonestAreServed();

        assertThat(pooledBytes()).isLessThan(64L << 20);
        peer.close();
        assertThat(ended.take()).isEqualTo("echo");
    }

    @Test
    void who_vanishes_ends_his_handlers() throws Exception {
        var peer = encrypted();
        var start = HEADER + Steps.message(ECHO.name());
        peer.send("0000000100000001%08x".formatted(start.length() / 2) + start);
        Eventually.until(
                "it is served", () -> peer.received().endsWith(Steps.message(ECHO.name())));

        peer.close();

        assertThat(ended.take()).isEqualTo("echo");
        Eventually.until("it is gone", () -> victim.connections().isEmpty());
    }

    /** What a liar says of itself in identify is not believed; what was known before stays. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "8193 bytes",
                "11 messages",
                "another key",
                "another's record",
                "garbage",
                "65 protocols"
            })
    void lies_about_oneself_are_not_believed(String lie) throws Exception {
        var key = KeyPair.generate();
        var liar = Libp2p.start(key, HostConfig.defaults().withEventLoops(1));
        try {
            var events = new LinkedBlockingQueue<HostEvent>();
            victim.subscribe(events::add);
            liar.connect(victim.info());
            while (!(events.take() instanceof HostEvent.Identified)) {
                // it comes after the connection
            }
            var before = victim.peers().identification(liar.id());

            var push = liar.open(victim.id(), Identify.PUSH);
            assertThat(endOf(push, lie(lie))).isEqualTo("reset");

            assertThat(before).isPresent();
            assertThat(victim.peers().identification(liar.id())).isEqualTo(before);
            assertThat(victim.connections()).hasSize(1);
        } finally {
            liar.close();
        }
    }

    /** How a stream ends on which this is said: it may be reset before all of it is written. */
    private static String endOf(Stream stream, StreamHandler said) throws InterruptedException {
        try {
            said.handle(stream);
            stream.closeWrite();
            return stream.read(MemorySegment.ofArray(new byte[1])) < 0 ? "orderly" : "data";
        } catch (IOException reset) {
            return "reset";
        }
    }

    private static StreamHandler lie(String lie) {
        var other = KeyPair.generate();
        return switch (lie) {
            case "8193 bytes" ->
                    stream -> {
                        stream.writeMessage(ByteString.copyFrom(new byte[0]));
                        stream.writeMessage(
                                IdentifyMessage.newBuilder()
                                        .setAgentVersion("x".repeat(8190))
                                        .build()
                                        .toByteString());
                    };
            case "11 messages" ->
                    stream -> {
                        for (int i = 0; i < 11; i++) {
                            stream.writeMessage(ByteString.EMPTY);
                        }
                    };
            case "another key" ->
                    stream ->
                            stream.writeMessage(
                                    IdentifyMessage.newBuilder()
                                            .setPublicKey(other.publicKey().encode())
                                            .build()
                                            .toByteString());
            case "another's record" ->
                    stream ->
                            stream.writeMessage(
                                    IdentifyMessage.newBuilder()
                                            .setSignedPeerRecord(
                                                    new PeerRecord(other.peerId(), 1, List.of())
                                                            .seal(other)
                                                            .encode())
                                            .build()
                                            .toByteString());
            case "65 protocols" ->
                    stream -> {
                        var message = IdentifyMessage.newBuilder();
                        for (int i = 0; i < 65; i++) {
                            message.addProtocols("/a/" + i);
                        }
                        stream.writeMessage(message.build().toByteString());
                    };
            default -> stream -> stream.writeMessage(ByteString.copyFromUtf8("garbage"));
        };
    }

    @Test
    void a_flood_of_pushes_is_cut_off_and_the_last_good_word_counts() throws Exception {
        var liar = Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
        try {
            var connection = liar.connect(victim.info());
            var good = IdentifyMessage.newBuilder().setAgentVersion("flood").build().toByteString();

            for (int i = 0; i < 200 && connection.isOpen(); i++) {
                try (var push = connection.open(Identify.PUSH)) {
                    var _ = endOf(push, stream -> stream.writeMessage(good));
                } catch (IOException refused) {
                    assertThat(refused).hasMessageMatching("(?s).+");
                }
            }

            Eventually.until("it is cut off", () -> !connection.isOpen());
            assertThat(victim.peers().identification(liar.id()))
                    .hasValueSatisfying(it -> assertThat(it.agentVersion()).isEqualTo("flood"));
        } finally {
            liar.close();
        }
    }

    private void assertThatTheHonestAreServed() throws Exception {
        try (var stream = honest.open(victim.id(), ECHO)) {
            stream.timeout(Duration.ofSeconds(20));
            stream.writeMessage(ByteString.copyFromUtf8("still there?"));
            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("still there?");
        }
        honest.disconnect(victim.id());
        Eventually.until("the honest has gone", () -> honest.connections().isEmpty());
    }

    private void echo(Stream stream) throws IOException, InterruptedException {
        try {
            var bytes = MemorySegment.ofArray(new byte[70_000]);
            for (int count; (count = stream.read(bytes)) >= 0; ) {
                stream.write(bytes.asSlice(0, count));
            }
        } catch (IOException gone) {
            ended.add("echo");
            throw gone;
        }
    }

    private RawPeer raw() throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peers.add(peer);
        return peer;
    }

    private RawPeer encrypted() throws InterruptedException {
        var peer = RawPeer.encrypted(victim);
        peers.add(peer);
        Eventually.until("the victim knows it", () -> victim.connections().size() == 1);
        return peer;
    }

    private static Host host(Limits limits) throws Exception {
        return Libp2p.start(
                KeyPair.generate(), HostConfig.defaults().withEventLoops(1).withLimits(limits));
    }

    private static int count(String text, String part) {
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
            count++;
        }
        return count;
    }

    private static long pooledBytes() {
        var metric = PooledByteBufAllocator.DEFAULT.metric();
        return metric.usedDirectMemory() + metric.usedHeapMemory();
    }
}
