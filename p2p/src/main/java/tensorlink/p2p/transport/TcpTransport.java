package tensorlink.p2p.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.multiaddr.Multiaddr;

/** TCP on epoll where there is epoll, else on NIO. */
public final class TcpTransport implements Transport {
    /** Small, so that what is urgent never waits behind much in the kernel. */
    private static final long UNSENT_IN_KERNEL_BYTES = 256 << 10;

    /** How often a socket may be read before the others of its loop get their turn. */
    private static final int READS_PER_TURN = 4;

    private static final WriteBufferWaterMark WATER_MARK =
            new WriteBufferWaterMark(256 << 10, 512 << 10);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final boolean epoll = Epoll.isAvailable();
    private final EventLoopGroup loops;
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Bootstrap dialling = new Bootstrap();
    private final ServerBootstrap listening = new ServerBootstrap();
    private final ReentrantLock lock = new ReentrantLock();
    private boolean isClosed;

    /**
     * @param threads event loops; a connection belongs to one of them
     * @param connectTimeout for the socket alone
     */
    public TcpTransport(int threads, Duration connectTimeout) {
        var names = new DefaultThreadFactory("p2p-tcp", true);
        loops =
                new MultiThreadIoEventLoopGroup(
                        threads,
                        names,
                        epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        dialling.group(loops)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        Math.toIntExact(connectTimeout.toMillis()));
        listening
                .group(loops)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, 256);
        configure(dialling::option);
        configure(listening::childOption);
    }

    private void configure(Options options) {
        options.set(ChannelOption.TCP_NODELAY, true);
        options.set(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT);
        options.set(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(4 << 10, 16 << 10, 256 << 10)
                        .maxMessagesPerRead(READS_PER_TURN));
        options.set(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
        if (epoll) {
            options.set(EpollChannelOption.TCP_NOTSENT_LOWAT, UNSENT_IN_KERNEL_BYTES);
        }
    }

    /** For others that want threads of the same kind. */
    public EventLoopGroup loops() {
        return loops;
    }

    /** Whether {@link #loops} are epoll's. */
    boolean isEpoll() {
        return epoll;
    }

    @Override
    public boolean handles(Multiaddr address) {
        return TcpAddress.isTcp(address);
    }

    @Override
    public ChannelFuture dial(Multiaddr address, ChannelHandler pipeline) throws IOException {
        var to = TcpAddress.resolve(address);
        lock.lock();
        try {
            if (isClosed) {
                throw new IOException("the host is closing");
            }
            return dialling.clone().handler(kept(pipeline)).connect(to);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException {
        var bind = listening.clone().childHandler(kept(pipeline)).bind(TcpAddress.resolve(address));
        bind.await();
        if (!bind.isSuccess()) {
            throw new IOException(
                    "cannot listen at " + address + ": " + bind.cause().getMessage(), bind.cause());
        }
        return new Bound(bind.channel());
    }

    private ChannelHandler kept(ChannelHandler pipeline) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                open.add(channel);
                channel.pipeline().addLast(pipeline);
            }
        };
    }

    @Override
    public Multiaddr remoteAddress(Channel channel) {
        return TcpAddress.of((InetSocketAddress) channel.remoteAddress());
    }

    @Override
    public void close() {
        lock.lock();
        try {
            isClosed = true;
        } finally {
            lock.unlock();
        }
        // A loop that is told to end while it runs tasks ends without closing its channels.
        for (var channel : open) {
            channel.eventLoop().execute(() -> channel.unsafe().close(channel.voidPromise()));
        }
        loops.shutdownGracefully(0, CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly();
    }

    /** Where channel options go: to a dialling bootstrap or to the children of a listening one. */
    private interface Options {
        <T> void set(ChannelOption<T> option, T value);
    }

    private record Bound(Channel channel) implements Listener {
        @Override
        public List<Multiaddr> addresses() {
            return TcpAddress.reachable((InetSocketAddress) channel.localAddress());
        }

        @Override
        public void close() {
            channel.close().awaitUninterruptibly();
        }
    }
}
