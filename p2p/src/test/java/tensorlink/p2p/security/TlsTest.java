package tensorlink.p2p.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.core.WrongPeerException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.negotiate.NegotiationHandler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.KeyType;
import tensorlink.p2p.peer.PeerInfo;

@Timeout(60)
class TlsTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void stop() {
        hosts.forEach(Host::close);
    }

    @ParameterizedTest
    @EnumSource(names = "RSA", mode = EnumSource.Mode.EXCLUDE)
    void hosts_meet_over_tls_with_any_kind_of_key(KeyType type) throws Exception {
        var server = host(KeyPair.generate(type), HostConfig.Security.TLS);
        var client = host(KeyPair.generate(type), HostConfig.Security.TLS);
        var bytes = new byte[3_000_000];
        new Random(7).nextBytes(bytes);
        server.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(bytes.length)));

        var connection = client.connect(server.info());

        assertThat(connection.remotePeer()).isEqualTo(server.id());
        try (var stream = connection.open(ECHO)) {
            stream.writeMessage(ByteString.copyFrom(bytes));
            assertThat(stream.readMessage(bytes.length)).isEqualTo(ByteString.copyFrom(bytes));
        }
        assertThat(server.connections())
                .satisfiesExactly(it -> assertThat(it.remotePeer()).isEqualTo(client.id()));
    }

    @ParameterizedTest
    @CsvSource({"NOISE, TLS", "TLS, NOISE"})
    void who_has_one_meets_who_has_both_whatever_their_order(
            HostConfig.Security first, HostConfig.Security second) throws Exception {
        var both = host(KeyPair.generate(), first, second);
        var one = host(KeyPair.generate(), second);

        assertThat(both.connect(one.info()).remotePeer()).isEqualTo(one.id());
        both.disconnect(one.id());
        assertThat(one.connect(both.info()).remotePeer()).isEqualTo(both.id());
    }

    @Test
    void who_has_nothing_in_common_is_told_so() throws Exception {
        var noise = host(KeyPair.generate(), HostConfig.Security.NOISE);
        var tls = host(KeyPair.generate(), HostConfig.Security.TLS);

        assertThatThrownBy(() -> noise.connect(tls.info()))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts().getFirst().cause())
                                        .isInstanceOf(UnsupportedProtocolException.class));
    }

    @Test
    void another_key_at_the_address_is_told_with_both_ids() throws Exception {
        var server = host(KeyPair.generate(), HostConfig.Security.TLS);
        var client = host(KeyPair.generate(), HostConfig.Security.TLS);
        var expected = KeyPair.generate().peerId();

        assertThatThrownBy(() -> client.connect(new PeerInfo(expected, server.addresses())))
                .isInstanceOfSatisfying(
                        DialException.class,
                        failure ->
                                assertThat(failure.attempts().getFirst().cause())
                                        .isInstanceOfSatisfying(
                                                WrongPeerException.class,
                                                wrong -> {
                                                    assertThat(wrong.expected())
                                                            .isEqualTo(expected);
                                                    assertThat(wrong.actual())
                                                            .isEqualTo(server.id());
                                                }));
        assertThat(client.connections()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'/yamux/1.0.0', '/yamux/1.0.0', /yamux/1.0.0",
        "'/a,/yamux/1.0.0', '/yamux/1.0.0', /yamux/1.0.0",
        "'', '/yamux/1.0.0', ''",
        "'/yamux/1.0.0', '', ''",
        "/a, /b, ''"
    })
    void the_muxer_is_agreed_inside_the_handshake_when_there_is_one_in_common(
            String here, String there, String agreed) throws Exception {
        var dialling = KeyPair.generate();
        var answering = KeyPair.generate();
        var left = new Side(tls(dialling, here), Direction.OUTBOUND);
        var right = new Side(tls(answering, there), Direction.INBOUND);

        exchange(left, right);

        var muxer = agreed.isEmpty() ? Optional.<String>empty() : Optional.of(agreed);
        assertThat(left.secured.join()).isEqualTo(new Secured(answering.publicKey(), muxer));
        assertThat(right.secured.join()).isEqualTo(new Secured(dialling.publicKey(), muxer));
        left.channel.finishAndReleaseAll();
        right.channel.finishAndReleaseAll();
    }

    @Test
    void a_certificate_out_of_its_time_is_refused() throws Exception {
        var old = InstantSource.fixed(Instant.parse("1999-01-01T00:00:00Z"));
        var left = new Side(tls(KeyPair.generate(), ""), Direction.OUTBOUND);
        var right = new Side(new Tls(KeyPair.generate(), List.of(), old), Direction.INBOUND);

        exchange(left, right);

        assertThat(left.secured)
                .isCompletedExceptionally()
                .failsWithin(1, TimeUnit.SECONDS)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(ProtocolViolation.class)
                .withMessageContaining("valid from 1998-12-31T23:00:00Z");
        left.channel.finishAndReleaseAll();
        right.channel.finishAndReleaseAll();
    }

    @Test
    void who_shows_no_certificate_gets_no_connection() throws Exception {
        var server = host(KeyPair.generate(), HostConfig.Security.TLS);
        var port = server.addresses().getFirst().value(AddressProtocol.TCP).map(Integer::parseInt);
        var anonymous =
                SslContextBuilder.forClient()
                        .sslProvider(SslProvider.OPENSSL)
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .endpointIdentificationAlgorithm(null)
                        .applicationProtocolConfig(
                                new ApplicationProtocolConfig(
                                        ApplicationProtocolConfig.Protocol.ALPN,
                                        ApplicationProtocolConfig.SelectorFailureBehavior
                                                .NO_ADVERTISE,
                                        ApplicationProtocolConfig.SelectedListenerFailureBehavior
                                                .ACCEPT,
                                        "libp2p"))
                        .build();
        var loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        NegotiationHandler.Next next =
                (context, _) ->
                        context.pipeline()
                                .addAfter(
                                        context.name(),
                                        "tls",
                                        anonymous.newHandler(context.alloc()));

        var channel =
                new Bootstrap()
                        .group(loops)
                        .channel(NioSocketChannel.class)
                        .handler(
                                initializer(
                                        NegotiationHandler.propose(List.of(Tls.PROTOCOL), next)))
                        .connect("127.0.0.1", port.orElseThrow())
                        .sync()
                        .channel();

        assertThat(channel.closeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(server.connections()).isEmpty();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    private static ChannelInitializer<Channel> initializer(ChannelHandler handler) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline()
                        .addLast(handler)
                        .addLast(
                                new ChannelInboundHandlerAdapter() {
                                    @Override
                                    public void exceptionCaught(
                                            ChannelHandlerContext context, Throwable cause) {
                                        var _ = context.close();
                                    }
                                });
            }
        };
    }

    @Test
    void an_echo_that_ends_with_the_connection_is_read_to_its_end() throws Exception {
        var server = host(KeyPair.generate(), HostConfig.Security.TLS);
        var client = host(KeyPair.generate(), HostConfig.Security.TLS);
        server.handle(
                ECHO,
                stream -> {
                    stream.write(MemorySegment.ofArray(new byte[100_000]));
                    stream.close();
                });
        client.peers().add(server.info());

        try (var stream = client.open(server.id(), ECHO)) {
            var all = MemorySegment.ofArray(new byte[100_000]);
            stream.readFully(all);

            assertThat(stream.read(all)).isNegative();
        }
    }

    private Host host(KeyPair key, HostConfig.Security... securities) throws Exception {
        var host = Libp2p.start(key, HostConfig.defaults().withSecurities(securities));
        hosts.add(host);
        return host;
    }

    private static Tls tls(KeyPair identity, String muxers) {
        return new Tls(
                identity,
                muxers.isEmpty() ? List.of() : List.of(muxers.split(",")),
                InstantSource.system());
    }

    /** Carries bytes between both until neither has any. */
    private static void exchange(Side left, Side right) {
        boolean moved = true;
        while (moved) {
            moved = left.moveTo(right);
            moved |= right.moveTo(left);
        }
    }

    private static final class Side {
        private final CompletableFuture<Secured> secured = new CompletableFuture<>();
        private final EmbeddedChannel channel = new EmbeddedChannel();

        Side(Tls tls, Direction direction) {
            channel.pipeline()
                    .addLast(tls.handshake(direction, (_, result) -> secured.complete(result)))
                    .addLast(
                            new ChannelInboundHandlerAdapter() {
                                @Override
                                public void exceptionCaught(
                                        ChannelHandlerContext context, Throwable cause) {
                                    secured.completeExceptionally(cause);
                                }
                            });
        }

        boolean moveTo(Side other) {
            channel.runPendingTasks();
            boolean moved = false;
            for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
                moved = true;
                if (other.channel.isOpen()) {
                    other.channel.writeInbound(out);
                } else {
                    ReferenceCountUtil.release(out);
                }
            }
            return moved;
        }
    }
}
