package tensorlink.p2p.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceUse;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.StreamTimeoutException;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.KeyType;
import tensorlink.p2p.peer.PeerInfo;

@Timeout(60)
class QuicTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final ProtocolId OTHER = ProtocolId.of("/test/other/1.0.0");
    private static final Multiaddr LOOPBACK = Multiaddr.parse("/ip4/127.0.0.1/udp/0/quic-v1");

    private static final long ENOUGH_FOR_STREAMS = 4 << 20;

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void stop() {
        hosts.forEach(Host::close);
    }

    @ParameterizedTest
    @CsvSource({
        "/ip4/1.2.3.4/udp/1/quic-v1, true",
        "/ip6/::1/udp/1/quic-v1, true",
        "/dns4/a.example/udp/1/quic-v1, true",
        "/ip4/1.2.3.4/udp/1/quic, false",
        "/ip4/1.2.3.4/tcp/1/quic-v1, false",
        "/ip4/1.2.3.4/udp/1/quic-v1/webtransport, false",
        "/ip4/1.2.3.4/udp/1, false"
    })
    void addresses_of_quic_are_told_from_others(String address, boolean isQuic) {
        assertThat(QuicAddress.isQuic(Multiaddr.parse(address))).isEqualTo(isQuic);
    }

    @ParameterizedTest
    @EnumSource(names = "RSA", mode = EnumSource.Mode.EXCLUDE)
    void megabytes_come_back_unchanged_with_any_kind_of_key(KeyType type) throws Exception {
        var server = host(KeyPair.generate(type), Limits.defaults());
        var client = host(KeyPair.generate(type), Limits.defaults());
        var bytes = new byte[4_000_000];
        new Random(3).nextBytes(bytes);

        var connection = client.connect(server.info());

        assertThat(connection.remotePeer()).isEqualTo(server.id());
        assertThat(connection.remoteAddress()).isEqualTo(server.addresses().getFirst());
        try (var stream = connection.open(ECHO)) {
            stream.writeMessage(ByteString.copyFrom(bytes));
            assertThat(stream.readMessage(bytes.length)).isEqualTo(ByteString.copyFrom(bytes));
        }
        assertThat(server.connections())
                .satisfiesExactly(it -> {
                    assertThat(it.remotePeer()).isEqualTo(client.id());
                    assertThat(it.remoteAddress().has(AddressProtocol.QUIC_V1)).isTrue();
                });
    }

    @Test
    void an_echo_does_not_overtake_what_its_stream_has_been_told_before() throws Exception {
        var server = host();
        server.handle(OTHER, stream -> stream.echo());
        var client = host();
        var connection = client.connect(server.info());
        var zeros = MemorySegment.ofArray(new byte[32]);
        var back = MemorySegment.ofArray(new byte[32]);

        for (int i = 0; i < 1_000; i++) {
            try (var stream = connection.open(OTHER)) {
                stream.write(zeros);
                stream.write(zeros);
                stream.readFully(back);
                stream.readFully(back);
                assertThat(back.mismatch(zeros)).isEqualTo(-1);
            }
        }
    }

    @Test
    void an_echo_sends_back_all_that_comes_and_ends_with_the_remote() throws Exception {
        var server = host();
        var ended = new CountDownLatch(1);
        server.handle(
                OTHER,
                stream -> {
                    stream.echo();
                    ended.countDown();
                });
        var bytes = new byte[4_000_000];
        new Random(4).nextBytes(bytes);
        var back = MemorySegment.ofArray(new byte[bytes.length]);

        try (var stream = host().connect(server.info()).open(OTHER)) {
            var writing =
                    new FutureTask<>(() -> {
                        stream.write(MemorySegment.ofArray(bytes));
                        stream.closeWrite();
                        return true;
                    });
            Scheduler.system().fork("writer", writing);
            stream.readFully(back);

            assertThat(writing.get()).isTrue();
            assertThat(back.mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
            assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(server.control().traffic())
                .anySatisfy(it -> {
                    assertThat(it.protocol()).isEqualTo(OTHER);
                    assertThat(it.sent()).isEqualTo(bytes.length);
                });
    }

    @Test
    void what_was_written_arrives_although_the_connection_is_closed_at_once() throws Exception {
        var server = host();
        var received = new LinkedBlockingQueue<Integer>();
        server.handle(
                OTHER,
                stream -> {
                    int total = 0;
                    try {
                        var part = MemorySegment.ofArray(new byte[100_000]);
                        for (int n = stream.read(part); n >= 0; n = stream.read(part)) {
                            total += n;
                        }
                    } finally {
                        received.add(total);
                    }
                });
        for (int run = 0; run < 2; run++) {
            var connection = host().connect(server.info());

            try (var stream = connection.open(OTHER)) {
                stream.write(MemorySegment.ofArray(new byte[3_000_000]));
            }
            connection.close();

            assertThat(received.take()).as("run %d", run).isEqualTo(3_000_000);
        }
    }

    @Test
    void a_first_packet_costs_an_unproven_place_a_retry_and_nothing_else_when_many_dial()
            throws Exception {
        var server = host(KeyPair.generate(), provingAll());
        var at = QuicAddress.resolve(server.addresses().getFirst());
        var answer = new DatagramPacket(new byte[1500], 1500);

        try (var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setSoTimeout(10_000);
            var first = firstPacket();
            socket.send(new DatagramPacket(first, first.length, at));
            socket.receive(answer);
        }

        assertThat(answer.getData()[0] & 0xf0).as("a long header of type Retry").isEqualTo(0xf0);
        assertThat(answer.getLength()).isLessThan(200);
        assertThat(server.connections()).isEmpty();
    }

    @Test
    void who_dials_proves_its_place_by_itself_when_many_dial() throws Exception {
        var server = host(KeyPair.generate(), provingAll());

        try (var stream = host().connect(server.info()).open(ECHO)) {
            stream.writeMessage(ByteString.copyFromUtf8("proven"));

            assertThat(stream.readMessage(100).toStringUtf8()).isEqualTo("proven");
        }
    }

    private static Limits provingAll() {
        var limits = Limits.defaults();
        return limits.withConnections(limits.connections().withUnprovenMax(0));
    }

    /** Initial of version 1, with connection ids of 8 bytes and no token; the rest is noise. */
    private static byte[] firstPacket() {
        var packet = new byte[1200];
        new Random(5).nextBytes(packet);
        packet[0] = (byte) 0xc3;
        packet[1] = packet[2] = packet[3] = 0;
        packet[4] = 1;
        packet[5] = 8;
        packet[14] = 8;
        packet[23] = 0;
        packet[24] = 0x44;
        packet[25] = (byte) (1200 - 26 - 1024);
        return packet;
    }

    @Test
    void what_a_window_may_hold_is_charged_while_its_stream_lives() throws Exception {
        var server = host();
        var taken = new CountDownLatch(1);
        server.handle(
                OTHER,
                stream -> {
                    stream.readFully(MemorySegment.ofArray(new byte[4 << 20]));
                    taken.countDown();
                    stream.read(MemorySegment.ofArray(new byte[1]));
                });

        try (var stream = host().connect(server.info()).open(OTHER)) {
            long before = memory(server);
            stream.write(MemorySegment.ofArray(new byte[4 << 20]));
            taken.await();

            assertThat(memory(server) - before).isBetween(7L << 20, 9L << 20);
        }
        Eventually.until("nothing is charged any more", () -> memory(server) < 1 << 20);
    }

    @Test
    void bytes_move_although_no_more_memory_is_granted() throws Exception {
        var limits = Limits.defaults();
        var poor = limits.resources().system().withMemoryBytes(ENOUGH_FOR_STREAMS);
        var client =
                host(KeyPair.generate(), limits.withResources(limits.resources().withSystem(poor)));
        var bytes = ByteString.copyFrom(new byte[5_000_000]);

        try (var stream = client.connect(host().info()).open(ECHO)) {
            stream.writeMessage(bytes);

            assertThat(stream.readMessage(bytes.size())).isEqualTo(bytes);
        }
    }

    private static long memory(Host host) {
        return host.control().resources().stream()
                .filter(it -> it.scope().equals("system") && it.resource() == Resource.MEMORY)
                .mapToLong(ResourceUse::used)
                .sum();
    }

    @Test
    void works_over_ip6() throws Exception {
        var server =
                Libp2p.start(
                        KeyPair.generate(),
                        HostConfig.defaults()
                                .withListen(Multiaddr.parse("/ip6/::1/udp/0/quic-v1")));
        hosts.add(server);
        var client = host();

        assertThat(client.connect(server.info()).remotePeer()).isEqualTo(server.id());
    }

    @Test
    void another_key_at_the_address_is_told_with_both_ids() throws Exception {
        var server = host();
        var client = host();
        var expected = KeyPair.generate().peerId();

        assertThatThrownBy(() -> client.connect(new PeerInfo(expected, server.addresses())))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts().getFirst().cause())
                                        .isInstanceOfSatisfying(
                                                WrongPeerException.class,
                                                wrong ->
                                                        assertThat(wrong.actual())
                                                                .isEqualTo(server.id())));
        assertThat(client.connections()).isEmpty();
        Eventually.until("the server lost it", () -> server.connections().isEmpty());
    }

    @Test
    void an_address_where_nobody_answers_fails_in_time() throws Exception {
        var limits = Limits.defaults();
        var client =
                host(
                        KeyPair.generate(),
                        limits.withDialling(limits.dialling().withTimeout(Duration.ofMillis(500))));
        var nobody =
                new PeerInfo(
                        KeyPair.generate().peerId(),
                        List.of(Multiaddr.parse("/ip4/127.0.0.1/udp/9/quic-v1")));

        assertThatThrownBy(() -> client.connect(nobody)).isInstanceOf(DialException.class);
    }

    @Test
    void datagrams_of_garbage_are_passed_over() throws Exception {
        var server = host();
        var client = host();
        var random = new Random(11);
        var port = server.addresses().getFirst().value(AddressProtocol.UDP).orElseThrow();
        try (var socket = new DatagramSocket()) {
            for (int i = 0; i < 500; i++) {
                var bytes = new byte[random.nextInt(1, 1400)];
                random.nextBytes(bytes);
                // Every other one claims to begin a connection of version 1.
                if (i % 2 == 0 && bytes.length > 5) {
                    bytes[0] = (byte) 0xc3;
                    System.arraycopy(new byte[] {0, 0, 0, 1}, 0, bytes, 1, 4);
                }
                socket.send(
                        new DatagramPacket(
                                bytes,
                                bytes.length,
                                InetAddress.getLoopbackAddress(),
                                Integer.parseInt(port)));
            }
        }

        assertThat(client.connect(server.info()).isOpen()).isTrue();
        assertThat(echo(client, server, ByteString.copyFromUtf8("hello")).toStringUtf8())
                .isEqualTo("hello");
    }

    @Test
    void a_protocol_that_is_not_served_is_refused_and_the_connection_lives() throws Exception {
        var server = host();
        var client = host();
        client.peers().add(server.info());

        assertThatThrownBy(() -> client.open(server.id(), OTHER))
                .isInstanceOf(UnsupportedProtocolException.class);
        try (var stream = client.open(server.id(), ECHO)) {
            stream.writeMessage(ByteString.copyFromUtf8("hello"));
            assertThat(stream.readMessage(10).toStringUtf8()).isEqualTo("hello");
        }
        assertThat(client.connections()).hasSize(1);
    }

    @Test
    void either_side_may_end_its_direction_first() throws Exception {
        var server = host();
        var client = host();
        client.peers().add(server.info());
        server.handle(
                OTHER,
                stream -> {
                    stream.write(MemorySegment.ofArray(new byte[10]));
                    stream.closeWrite();
                    var rest = MemorySegment.ofArray(new byte[100_000]);
                    stream.readFully(rest);
                    if (stream.read(rest) >= 0) {
                        throw new IOException("more came than was sent");
                    }
                });

        try (var stream = client.open(server.id(), OTHER)) {
            var target = MemorySegment.ofArray(new byte[10]);
            stream.readFully(target);
            assertThat(stream.read(target)).isNegative();
            stream.write(MemorySegment.ofArray(new byte[100_000]));
            stream.closeWrite();
            assertThatThrownBy(() -> stream.write(target)).hasMessageContaining("closed");
        }
        assertThat(client.connections()).hasSize(1);
    }

    @Test
    void a_reset_reaches_a_reader_on_the_other_side() throws Exception {
        var server = host();
        var client = host();
        client.peers().add(server.info());
        var seen = new LinkedBlockingQueue<IOException>();
        var reading = new CountDownLatch(1);
        server.handle(
                OTHER,
                stream -> {
                    try {
                        stream.read(MemorySegment.ofArray(new byte[1]));
                        reading.countDown();
                        stream.read(MemorySegment.ofArray(new byte[1]));
                    } catch (IOException reset) {
                        seen.add(reset);
                        throw reset;
                    }
                });
        var stream = client.open(server.id(), OTHER);
        stream.write(MemorySegment.ofArray(new byte[1]));
        reading.await();

        stream.reset();

        assertThat(seen.poll(20, TimeUnit.SECONDS)).isInstanceOf(StreamResetException.class);
        assertThatThrownBy(() -> stream.read(MemorySegment.ofArray(new byte[1])))
                .isInstanceOf(StreamResetException.class);
        assertThat(client.connections()).hasSize(1);
    }

    @Test
    void a_handler_that_breaks_off_resets_the_writer_on_the_other_side() throws Exception {
        var server = host();
        var client = host();
        client.peers().add(server.info());
        server.handle(
                OTHER,
                stream -> {
                    stream.readFully(MemorySegment.ofArray(new byte[1000]));
                    throw new IOException("enough");
                });

        try (var stream = client.open(server.id(), OTHER)) {
            var part = MemorySegment.ofArray(new byte[100_000]);
            assertThatThrownBy(
                            () -> {
                                while (true) {
                                    stream.write(part);
                                }
                            })
                    .isInstanceOf(StreamResetException.class);
        }
    }

    @Test
    void a_writer_waits_for_a_reader_that_does_not_read() throws Exception {
        var server = host();
        var client = host();
        client.peers().add(server.info());
        var goOn = new CountDownLatch(1);
        var read = new AtomicLong();
        server.handle(
                OTHER,
                stream -> {
                    goOn.await();
                    var part = MemorySegment.ofArray(new byte[100_000]);
                    for (int count; (count = stream.read(part)) >= 0; ) {
                        read.addAndGet(count);
                    }
                    stream.write(part.asSlice(0, 1));
                });

        try (var stream = client.open(server.id(), OTHER)) {
            stream.timeout(Duration.ofMillis(700));
            var part = MemorySegment.ofArray(new byte[100_000]);
            var written = new AtomicLong();
            assertThatThrownBy(
                            () -> {
                                while (written.get() < 200_000_000) {
                                    stream.write(part);
                                    written.addAndGet(part.byteSize());
                                }
                            })
                    .isInstanceOf(StreamTimeoutException.class);
            assertThat(written.get()).isLessThan(32 << 20);
        }
        goOn.countDown();
        try (var stream = client.open(server.id(), OTHER)) {
            stream.write(MemorySegment.ofArray(new byte[3_000_000]));
            stream.closeWrite();
            stream.readFully(MemorySegment.ofArray(new byte[1]));
        }
        assertThat(read.get()).isGreaterThanOrEqualTo(3_000_000);
    }

    @Test
    void two_hundred_streams_at_once_and_as_many_after_each_other() throws Exception {
        var server = host();
        var client = host();
        client.connect(server.info());
        var tasks = new ArrayList<FutureTask<ByteString>>();
        for (int i = 0; i < 200; i++) {
            var text = ByteString.copyFromUtf8("stream " + i);
            var task = new FutureTask<>(() -> echo(client, server, text));
            tasks.add(task);
            Scheduler.system().fork("test", task);
        }

        for (int i = 0; i < 200; i++) {
            assertThat(tasks.get(i).get().toStringUtf8()).isEqualTo("stream " + i);
        }
        for (int i = 0; i < 1200; i++) {
            assertThat(echo(client, server, ByteString.EMPTY)).isEmpty();
        }
        assertThat(client.connections()).hasSize(1);
    }

    /** Netty remembers each of them for as long as the connection lives. */
    @Test
    @Tag("flood")
    @Timeout(600)
    void a_hundred_thousand_resets_end_a_connection_and_another_can_be_made() throws Exception {
        var server = host();
        var client = host();
        var connection = client.connect(server.info());

        int resets = 0;
        while (connection.isOpen() && resets < 110_000) {
            try {
                connection.open(ECHO).reset();
                resets++;
            } catch (IOException ending) {
                break;
            }
        }

        assertThat(resets).isBetween(99_000, 100_001);
        assertThat(echo(client, server, ByteString.copyFromUtf8("again")).toStringUtf8())
                .isEqualTo("again");
    }

    @Test
    void a_stream_over_the_limit_is_refused_until_another_ends() throws Exception {
        int openMax = 8;
        var limits = Limits.defaults();
        var few =
                limits.withStreams(
                        new Limits.Streams(
                                Duration.ofSeconds(10), openMax, 256, 128, Duration.ofSeconds(30)));
        var impatient =
                limits.withStreams(limits.streams().withNegotiateTimeout(Duration.ofMillis(300)));
        var server = host(KeyPair.generate(), few);
        var client = host(KeyPair.generate(), impatient);
        client.connect(server.info());
        Eventually.until(
                "both have identified each other",
                () -> client.peers().identification(server.id()).isPresent());
        var open = new ArrayList<Stream>();
        Eventually.until(
                "all are open",
                () -> {
                    try {
                        open.add(client.open(server.id(), ECHO));
                        return open.size() == openMax;
                    } catch (IOException | InterruptedException identifyStillRuns) {
                        return false;
                    }
                });

        assertThatThrownBy(() -> client.open(server.id(), ECHO)).isInstanceOf(IOException.class);
        open.removeFirst().close();

        Eventually.until(
                "there is room again",
                () -> {
                    try (var stream = client.open(server.id(), ECHO)) {
                        return stream.protocol().equals(ECHO);
                    } catch (IOException | InterruptedException full) {
                        return false;
                    }
                });
    }

    @Test
    void a_connection_over_the_limit_is_refused_until_another_ends() throws Exception {
        var limits = Limits.defaults();
        var single = limits.resources().withConnectionsMax(1);
        var server = host(KeyPair.generate(), limits.withResources(single));
        var first = host();
        var impatient = limits.withDialling(limits.dialling().withTimeout(Duration.ofSeconds(1)));
        var second = host(KeyPair.generate(), impatient);
        first.connect(server.info());

        assertThatThrownBy(() -> second.connect(server.info())).isInstanceOf(DialException.class);
        first.disconnect(server.id());
        Eventually.until("there is room", () -> server.connections().isEmpty());

        assertThat(second.connect(server.info()).isOpen()).isTrue();
    }

    @Test
    void a_silent_connection_stays_and_a_gone_peer_is_noticed() throws Exception {
        var limits = Limits.defaults();
        var brisk =
                limits.withMuxing(
                        limits.muxing()
                                .withKeepAlive(Duration.ofMillis(200), Duration.ofMillis(600)));
        var server = host(KeyPair.generate(), brisk);
        var client = host(KeyPair.generate(), brisk);
        var events = new LinkedBlockingQueue<HostEvent>();
        var connection = client.connect(server.info());
        try (var silent = connection.open(ECHO)) {
            silent.timeout(Duration.ofMillis(2500));
            assertThatThrownBy(() -> silent.read(MemorySegment.ofArray(new byte[1])))
                    .isInstanceOf(StreamTimeoutException.class);
        }

        assertThat(connection.isOpen()).isTrue();
        assertThat(server.connections()).hasSize(1);
        client.subscribe(events::add);
        server.close();

        HostEvent event;
        do {
            event = events.poll(20, TimeUnit.SECONDS);
            assertThat(event).isNotNull();
        } while (!(event instanceof HostEvent.Disconnected));
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void whoever_has_quic_and_tcp_is_reached_by_either() throws Exception {
        var both =
                Libp2p.start(
                        KeyPair.generate(),
                        HostConfig.defaults()
                                .withListen(LOOPBACK, Multiaddr.parse("/ip4/127.0.0.1/tcp/0")));
        hosts.add(both);
        for (var address : both.addresses()) {
            var client = host();

            var connection = client.connect(new PeerInfo(both.id(), List.of(address)));

            assertThat(connection.remoteAddress()).isEqualTo(address);
        }
    }

    private static ByteString echo(Host client, Host server, ByteString text)
            throws IOException, InterruptedException {
        try (var stream = client.open(server.id(), ECHO)) {
            stream.writeMessage(text);
            return stream.readMessage(100);
        }
    }

    private Host host() throws Exception {
        return host(KeyPair.generate(), Limits.defaults());
    }

    private Host host(KeyPair key, Limits limits) throws Exception {
        var host = Libp2p.start(key, HostConfig.defaults().withListen(LOOPBACK).withLimits(limits));
        host.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(5_000_000)));
        hosts.add(host);
        return host;
    }
}
