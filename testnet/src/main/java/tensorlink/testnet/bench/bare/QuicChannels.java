package tensorlink.testnet.bench.bare;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.EpollQuicUtils;
import io.netty.handler.codec.quic.FlushStrategy;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicCongestionControlAlgorithm;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.handler.codec.quic.SegmentedDatagramPacketAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** QUIC, one stream, tuned as ours is: many packets in one call where the kernel can. */
record QuicChannels(EventLoopGroup loop) {
    private static final String PROTOCOL = "bench";
    private static final int SOCKET_BYTES = 4 << 20;
    private static final int SEGMENTS_PER_SEND = 44;
    private static final int RECEIVE_BYTES = 64 << 10;
    private static final int FLUSH_BYTES = 128 << 10;
    private static final long CONNECTION_WINDOW_BYTES = 16 << 20;
    private static final long STREAM_WINDOW_BYTES = 128 << 10;
    private static final long IDLE_SECONDS = 30;

    Channel listen(InetSocketAddress at) throws IOException, InterruptedException {
        var own = SelfSigned.make();
        var security =
                QuicSslContextBuilder.forServer(own.key(), null, own.certificate())
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .clientAuth(ClientAuth.REQUIRE)
                        .applicationProtocols(PROTOCOL)
                        .earlyData(false)
                        .build();
        var codec =
                configure(new QuicServerCodecBuilder())
                        .sslContext(security)
                        .option(QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR, segments())
                        .handler(new Nothing())
                        .streamHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel stream) {
                                        stream.pipeline().addLast(new Sink());
                                    }
                                });
        return bind(codec.build(), at);
    }

    Channel dial(InetSocketAddress to, Source source) throws IOException, InterruptedException {
        var own = SelfSigned.make();
        var security =
                QuicSslContextBuilder.forClient()
                        .keyManager(own.key(), null, own.certificate())
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .endpointIdentificationAlgorithm(null)
                        .applicationProtocols(PROTOCOL)
                        .earlyData(false)
                        .build();
        var codec = configure(new QuicClientCodecBuilder()).sslContext(security);
        var socket =
                bind(codec.build(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        var connection =
                Bare.await(
                        QuicChannel.newBootstrap(socket)
                                .handler(new Nothing())
                                .streamHandler(new Nothing())
                                .option(
                                        QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR,
                                        segments())
                                .remoteAddress(to)
                                .connect());
        return Bare.await(connection.createStream(QuicStreamType.BIDIRECTIONAL, source));
    }

    private Channel bind(ChannelHandler codec, InetSocketAddress at)
            throws IOException, InterruptedException {
        var bootstrap =
                new Bootstrap()
                        .group(loop)
                        .channel(
                                Epoll.isAvailable()
                                        ? EpollDatagramChannel.class
                                        : NioDatagramChannel.class)
                        .option(ChannelOption.SO_RCVBUF, SOCKET_BYTES)
                        .option(ChannelOption.SO_SNDBUF, SOCKET_BYTES)
                        .handler(codec);
        if (hasSegments()) {
            bootstrap
                    .option(EpollChannelOption.UDP_GRO, true)
                    .option(
                            ChannelOption.RECVBUF_ALLOCATOR,
                            new FixedRecvByteBufAllocator(RECEIVE_BYTES));
        }
        var bind = bootstrap.bind(at);
        Bare.await(bind);
        return bind.channel();
    }

    private static <B extends QuicCodecBuilder<B>> B configure(B codec) {
        return codec.maxIdleTimeout(IDLE_SECONDS, TimeUnit.SECONDS)
                .initialMaxData(CONNECTION_WINDOW_BYTES)
                .initialMaxStreamDataBidirectionalLocal(STREAM_WINDOW_BYTES)
                .initialMaxStreamDataBidirectionalRemote(STREAM_WINDOW_BYTES)
                .initialMaxStreamsBidirectional(1)
                .activeMigration(false)
                .congestionControlAlgorithm(QuicCongestionControlAlgorithm.BBR)
                .flushStrategy(FlushStrategy.afterNumBytes(FLUSH_BYTES));
    }

    private static SegmentedDatagramPacketAllocator segments() {
        return hasSegments()
                ? EpollQuicUtils.newSegmentedAllocator(SEGMENTS_PER_SEND)
                : SegmentedDatagramPacketAllocator.NONE;
    }

    private static boolean hasSegments() {
        return Epoll.isAvailable() && EpollDatagramChannel.isSegmentedDatagramPacketSupported();
    }

    /** Leaves everything to those who come after it. */
    private static final class Nothing extends ChannelHandlerAdapter {
        @Override
        public boolean isSharable() {
            return true;
        }
    }
}
