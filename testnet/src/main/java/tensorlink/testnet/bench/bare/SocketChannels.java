package tensorlink.testnet.bench.bare;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** TCP, with TLS or without. */
record SocketChannels(EventLoopGroup loop, Optional<SelfSigned> identity) {
    private static final String CIPHER = "TLS_AES_128_GCM_SHA256";
    private static final WriteBufferWaterMark WATER_MARK =
            new WriteBufferWaterMark(256 << 10, 512 << 10);

    static SocketChannels plain(EventLoopGroup loop) {
        return new SocketChannels(loop, Optional.empty());
    }

    static SocketChannels secured(EventLoopGroup loop) throws IOException, InterruptedException {
        return new SocketChannels(loop, Optional.of(SelfSigned.make()));
    }

    Channel listen(InetSocketAddress at) throws IOException, InterruptedException {
        Optional<SslContext> security = Optional.empty();
        if (identity.isPresent()) {
            var own = identity.get();
            security =
                    Optional.of(
                            build(
                                    SslContextBuilder.forServer(own.key(), own.certificate())
                                            .clientAuth(ClientAuth.REQUIRE)));
        }
        var bind =
                new ServerBootstrap()
                        .group(loop)
                        .channel(
                                Epoll.isAvailable()
                                        ? EpollServerSocketChannel.class
                                        : NioServerSocketChannel.class)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(
                                ChannelOption.RECVBUF_ALLOCATOR,
                                new AdaptiveRecvByteBufAllocator(4 << 10, 64 << 10, 256 << 10))
                        .childHandler(pipeline(security, Sink::new))
                        .bind(at);
        Bare.await(bind);
        return bind.channel();
    }

    Channel dial(InetSocketAddress to, Source source) throws IOException, InterruptedException {
        Optional<SslContext> security = Optional.empty();
        if (identity.isPresent()) {
            var own = identity.get();
            security =
                    Optional.of(
                            build(
                                    SslContextBuilder.forClient()
                                            .keyManager(own.key(), own.certificate())
                                            .endpointIdentificationAlgorithm(null)));
        }
        var connect =
                new Bootstrap()
                        .group(loop)
                        .channel(
                                Epoll.isAvailable()
                                        ? EpollSocketChannel.class
                                        : NioSocketChannel.class)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                        .handler(pipeline(security, () -> source))
                        .connect(to);
        Bare.await(connect);
        return connect.channel();
    }

    private static SslContext build(SslContextBuilder builder) throws IOException {
        return builder.sslProvider(SslProvider.OPENSSL)
                .protocols("TLSv1.3")
                .ciphers(List.of(CIPHER))
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .build();
    }

    private static ChannelHandler pipeline(
            Optional<SslContext> security, Supplier<ChannelHandler> last) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                security.ifPresent(
                        context -> channel.pipeline().addLast(context.newHandler(channel.alloc())));
                channel.pipeline().addLast(last.get());
            }
        };
    }
}
