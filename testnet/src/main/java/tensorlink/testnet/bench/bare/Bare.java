package tensorlink.testnet.bench.bare;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.ssl.OpenSsl;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * A way to carry bytes over loopback with one event loop on either side. With TLS both sides show a
 * certificate and neither checks the other's. Safe for use by any thread.
 */
public enum Bare {
    TCP,
    /** TLS 1.3 by BoringSSL over TCP. */
    TLS,
    /** QUIC by quiche, with windows as wide as our own. */
    QUIC;

    /** Whether this machine has the native code for it. */
    public boolean isAvailable() {
        return switch (this) {
            case TCP -> true;
            case TLS -> OpenSsl.isAvailable();
            case QUIC -> Quic.isAvailable();
        };
    }

    /** Takes what others send, at a free port. */
    public Listening listen() throws IOException, InterruptedException {
        var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        var loop = loop();
        try {
            var channel =
                    switch (this) {
                        case TCP -> SocketChannels.plain(loop).listen(at);
                        case TLS -> SocketChannels.secured(loop).listen(at);
                        case QUIC -> new QuicChannels(loop).listen(at);
                    };
            return new Listening(loop, channel);
        } catch (IOException | InterruptedException failure) {
            close(loop);
            throw failure;
        }
    }

    /** Connects to what {@link #listen}s at {@code port} of this machine. */
    public Link dial(int port) throws IOException, InterruptedException {
        var to = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        var loop = loop();
        var source = new Source();
        try {
            var channel =
                    switch (this) {
                        case TCP -> SocketChannels.plain(loop).dial(to, source);
                        case TLS -> SocketChannels.secured(loop).dial(to, source);
                        case QUIC -> new QuicChannels(loop).dial(to, source);
                    };
            return new Link(loop, channel, source);
        } catch (IOException | InterruptedException failure) {
            close(loop);
            throw failure;
        }
    }

    private static EventLoopGroup loop() {
        return new MultiThreadIoEventLoopGroup(
                1, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    private static void close(EventLoopGroup loop) {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    static <T> T await(Future<T> future) throws IOException, InterruptedException {
        future.await();
        if (!future.isSuccess()) {
            throw new IOException(future.cause().getMessage(), future.cause());
        }
        return future.getNow();
    }

    /** Takes what is sent to it until it is closed. */
    public record Listening(EventLoopGroup loop, Channel channel) implements AutoCloseable {
        public int port() {
            return ((InetSocketAddress) channel.localAddress()).getPort();
        }

        @Override
        public void close() {
            channel.close().awaitUninterruptibly();
            Bare.close(loop);
        }
    }

    /** A connection to upload over, any number of times. For one thread. */
    public static final class Link implements AutoCloseable {
        private final EventLoopGroup loop;
        private final Channel channel;
        private final Source source;

        Link(EventLoopGroup loop, Channel channel, Source source) {
            this.loop = loop;
            this.channel = channel;
            this.source = source;
        }

        /** Sends {@code bytes} bytes and waits until the other side has them all. */
        public void upload(long bytes) throws IOException, InterruptedException {
            var context = channel.pipeline().context(source);
            loop.execute(() -> source.send(context, bytes));
            source.await();
        }

        @Override
        public void close() {
            channel.close().awaitUninterruptibly();
            Bare.close(loop);
        }
    }
}
