package tensorlink.p2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.JsProcess;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.identify.Identify;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.Yamux;
import tensorlink.p2p.negotiate.NegotiationHandler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.peer.SealedPeerRecord;
import tensorlink.p2p.ping.Ping;
import tensorlink.p2p.security.Noise;
import tensorlink.p2p.security.Secured;
import tensorlink.p2p.swarm.Swarm;
import tensorlink.p2p.transport.TcpTransport;

/** What js-libp2p and we say to each other, whoever dials. */
@Tag("interop")
@Timeout(120)
class JsInteropTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");

    /** As js has it by default: it aborts a connection whose last ping is still under way. */
    private static final Duration PING_INTERVAL = Duration.ofSeconds(10);

    private static final Duration SHORT_PING_INTERVAL = Duration.ofSeconds(1);
    private static final int ECHO_BYTES = 8 << 20;
    private static final Multiaddr LOOPBACK = Multiaddr.parse("/ip4/127.0.0.1/tcp/0");

    /** The digest of what was sent, and the same once more for what came back. */
    private static final String SAME_DIGESTS = "([0-9a-f]{64}) \\1";

    private final KeyPair key = KeyPair.generate();
    private final BlockingQueue<Connection> pings = new LinkedBlockingQueue<>();
    private Host host;
    private JsPeer js;

    @BeforeEach
    @SuppressWarnings("NullAway.Init")
    void start() throws Exception {
        host = Libp2p.start(key, HostConfig.defaults().withAgentVersion("interop/1"));
        host.handle(ECHO, JsInteropTest::echo);
        host.unhandle(Ping.PROTOCOL);
        var ping = new Ping(Scheduler.system());
        host.handle(
                Ping.PROTOCOL,
                stream -> {
                    pings.add(stream.connection());
                    ping.serve(stream);
                });
        js = JsPeer.start(PING_INTERVAL);
    }

    @AfterEach
    void stop() throws Exception {
        js.stop();
        host.close();
    }

    @Test
    void js_dials_us_over_noise_and_yamux() throws Exception {
        var connection = js.ask("dial", JsPeer.full(host.info()));

        assertThat(connection).isEqualTo(host.id() + " /noise /yamux/1.0.0");
        assertThat(host.connections())
                .hasSize(1)
                .allSatisfy(it -> assertThat(it.remotePeer()).isEqualTo(js.info().id()));
    }

    @Test
    void we_dial_js() throws Exception {
        var connection = host.connect(js.info());

        assertThat(connection.remotePeer()).isEqualTo(js.info().id());
        assertThat(js.ask("connections", host.id())).isEqualTo("1");
    }

    @Test
    void both_identify_each_other_completely_whoever_dials() throws Exception {
        for (boolean jsDials : List.of(true, false)) {
            var events = new LinkedBlockingQueue<HostEvent>();
            var subscription = host.subscribe(events::add);
            if (jsDials) {
                js.ask("dial", JsPeer.full(host.info()));
            } else {
                host.connect(js.info());
            }

            var seenByJs = js.event("identified");
            while (!(events.take() instanceof HostEvent.Identified)) {
                // the connection is announced first
            }
            subscription.close();

            var address = host.addresses().getFirst().toString();
            assertThat(seenByJs)
                    .containsEntry("peer", host.id().toString())
                    .containsEntry("agentVersion", "interop/1")
                    .containsEntry("protocolVersion", "tensorlink/1.0.0")
                    .containsEntry("addresses", address)
                    .containsEntry("signed", address)
                    .containsEntry(
                            "protocols",
                            "/ipfs/id/1.0.0,/ipfs/id/push/1.0.0,/ipfs/ping/1.0.0," + ECHO)
                    .hasEntrySatisfying(
                            "observed",
                            observed -> assertThat(observed).startsWith("/ip4/127.0.0.1/tcp/"))
                    .hasEntrySatisfying(
                            "sequence",
                            sequence -> assertThat(Long.parseLong(sequence)).isPositive());
            assertThat(js.ask("certified", host.id())).isEqualTo("true");

            assertThat(host.peers().identification(js.info().id()))
                    .hasValueSatisfying(it -> {
                        assertThat(it.agentVersion()).startsWith("js-libp2p/3.3.11");
                        assertThat(it.protocolVersion()).isEqualTo("ipfs/0.1.0");
                        assertThat(it.protocols())
                                .contains("/ipfs/id/1.0.0", "/ipfs/ping/1.0.0", ECHO.name());
                        assertThat(it.addresses()).isEqualTo(js.info().addresses());
                        assertThat(it.record())
                                .map(SealedPeerRecord::content)
                                .hasValueSatisfying(record -> {
                                    assertThat(record.peer()).isEqualTo(js.info().id());
                                    assertThat(record.addresses()).isEqualTo(js.info().addresses());
                                });
                        assertThat(it.observedAddress())
                                .hasValueSatisfying(observed ->
                                        assertThat(observed.has(AddressProtocol.P2P)).isFalse());
                    });
            host.disconnect(js.info().id());
            js.event("disconnected");
        }
    }

    @Test
    void pings_pass_both_ways() throws Exception {
        host.peers().add(js.info());

        assertThat(Libp2p.ping(host, js.info().id())).isPositive();
        assertThat(Double.parseDouble(js.ask("ping", host.id()))).isNotNegative();
    }

    @Test
    void the_muxer_is_agreed_inside_the_noise_handshake() throws Exception {
        var loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        var secured = new CompletableFuture<Secured>();
        var noise = new Noise(key, List.of(Yamux.PROTOCOL));
        var tcp = js.info().addresses().getFirst().value(AddressProtocol.TCP).orElseThrow();
        var channel =
                new Bootstrap()
                        .group(loops)
                        .channel(NioSocketChannel.class)
                        .handler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel raw) {
                                        raw.pipeline().addLast(negotiate(noise, secured));
                                    }
                                })
                        .connect("127.0.0.1", Integer.parseInt(tcp))
                        .sync()
                        .channel();

        var result = secured.get(30, TimeUnit.SECONDS);

        assertThat(result.muxer()).contains(Yamux.PROTOCOL);
        assertThat(result.remoteKey().peerId()).isEqualTo(js.info().id());
        channel.close().sync();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private static NegotiationHandler negotiate(Noise noise, CompletableFuture<Secured> secured) {
        return NegotiationHandler.propose(
                List.of(Noise.PROTOCOL),
                (context, protocol) ->
                        context.pipeline()
                                .addAfter(
                                        context.name(),
                                        "noise-handshake",
                                        noise.handshake(
                                                Connection.Direction.OUTBOUND,
                                                (encrypted, result) -> secured.complete(result))));
    }

    @Test
    void a_muxer_is_agreed_afterwards_when_the_handshake_did_not_whoever_dials() throws Exception {
        var plainKey = KeyPair.generate();
        var limits = Limits.defaults();
        var parts =
                new Swarm.Parts(
                        plainKey.peerId(),
                        PeerStore.inMemory(PeerStore.Bounds.defaults(), Scheduler.system()::now),
                        Optional.empty(),
                        List.of(new TcpTransport(1, Duration.ofSeconds(5), false)),
                        List.of(new Noise(plainKey, List.of())),
                        List.of(new Yamux(limits, Scheduler.system())),
                        Optional.empty(),
                        new Gater(),
                        Reach.ANY,
                        false,
                        _ -> List.of(),
                        new Random(1),
                        limits,
                        Scheduler.system());
        try (var plain = new Swarm(parts)) {
            plain.handle(ECHO, JsInteropTest::echo);
            plain.listen(LOOPBACK);
            new Identify(plain, plainKey, new Identify.Versions("a", "b"), parts).start();

            assertThat(js.ask("echo", JsPeer.full(plain.info()), 100_000)).matches(SAME_DIGESTS);
            plain.disconnect(js.info().id());
            js.event("disconnected");
            plain.peers().add(js.info());
            assertEchoes(plain, 100_000);
        }
    }

    @Test
    void megabytes_come_back_unchanged_from_us() throws Exception {
        var digests = js.ask("echo", JsPeer.full(host.info()), ECHO_BYTES);

        assertThat(digests).matches(SAME_DIGESTS);
    }

    @Test
    void megabytes_come_back_unchanged_from_js() throws Exception {
        host.peers().add(js.info());

        assertEchoes(host, ECHO_BYTES);
    }

    @Test
    void sixty_four_streams_at_once_come_back_unchanged() throws Exception {
        host.peers().add(js.info());
        host.connect(js.info());
        var tasks = new ArrayList<FutureTask<Boolean>>();
        for (int i = 0; i < 32; i++) {
            tasks.add(
                    start(() -> {
                        assertEchoes(host, 200_000);
                        return true;
                    }));
            tasks.add(
                    start(() -> {
                        assertThat(js.ask("echo", JsPeer.full(host.info()), 200_000))
                                .matches(SAME_DIGESTS);
                        return true;
                    }));
        }

        for (var task : tasks) {
            assertThat(task.get()).isTrue();
        }
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void an_unknown_protocol_is_refused_and_the_connection_lives() throws Exception {
        assertThatThrownBy(() -> js.ask("open", JsPeer.full(host.info()), "/test/unknown/1.0.0"))
                .isInstanceOf(JsProcess.JsError.class)
                .hasMessageContaining("UnsupportedProtocolError");
        assertThatThrownBy(() -> host.open(js.info().id(), ProtocolId.of("/test/unknown/1.0.0")))
                .isInstanceOf(UnsupportedProtocolException.class);

        assertThat(js.ask("connections", host.id())).isEqualTo("1");
        assertThat(js.ask("echo", JsPeer.full(host.info()), 1000)).matches(SAME_DIGESTS);
        assertEchoes(host, 1000);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void a_peer_id_that_does_not_fit_the_key_is_refused_both_ways() throws Exception {
        var somebody = KeyPair.generate().peerId();

        assertThatThrownBy(
                        () -> js.ask("dial", JsPeer.full(new PeerInfo(somebody, host.addresses()))))
                .isInstanceOf(JsProcess.JsError.class)
                .hasMessageContaining("Payload identity key");
        assertThatThrownBy(() -> host.connect(new PeerInfo(somebody, js.info().addresses())))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts().getFirst().cause())
                                        .isInstanceOf(WrongPeerException.class));
        assertThat(host.connections()).isEmpty();
    }

    @Test
    void a_connection_survives_the_pings_by_which_js_watches_it() throws Exception {
        var watchful = JsPeer.start(SHORT_PING_INTERVAL);
        try {
            var connection = host.connect(watchful.info());

            for (int i = 0; i < 3; i++) {
                assertThat(pings.poll(30, TimeUnit.SECONDS)).isSameAs(connection);
            }

            assertThat(connection.isOpen()).isTrue();
            assertThat(watchful.ask("connections", host.id())).isEqualTo("1");
        } finally {
            watchful.stop();
        }
    }

    @Test
    void js_learns_that_we_went_away() throws Exception {
        js.ask("dial", JsPeer.full(host.info()));

        host.close();

        assertThat(js.event("disconnected")).containsEntry("peer", host.id().toString());
    }

    private void assertEchoes(Host from, int size) throws Exception {
        try (var stream = from.open(js.info().id(), ECHO)) {
            var sent =
                    start(() -> {
                        var random = new Random(size);
                        var digest = MessageDigest.getInstance("SHA-256");
                        for (int left = size; left > 0; ) {
                            var part = new byte[Math.min(left, 100_000)];
                            random.nextBytes(part);
                            digest.update(part);
                            stream.write(MemorySegment.ofArray(part));
                            left -= part.length;
                        }
                        stream.closeWrite();
                        return HexFormat.of().formatHex(digest.digest());
                    });
            var digest = MessageDigest.getInstance("SHA-256");
            var part = new byte[70_000];
            for (int count; (count = stream.read(MemorySegment.ofArray(part))) >= 0; ) {
                digest.update(part, 0, count);
            }

            assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(sent.get());
        }
    }

    private static void echo(Stream stream) throws IOException, InterruptedException {
        var bytes = MemorySegment.ofArray(new byte[70_000]);
        for (int count; (count = stream.read(bytes)) >= 0; ) {
            stream.write(bytes.asSlice(0, count));
        }
    }

    private static <T> FutureTask<T> start(Callable<T> body) {
        var task = new FutureTask<>(body);
        Scheduler.system().fork("test", task);
        return task;
    }
}
