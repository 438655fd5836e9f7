package tensorlink.p2p.transport;

import io.netty.bootstrap.AbstractBootstrap;
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
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
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

    /** Netty's own option of this name is passed over by sockets that dial. */
    private static final IntegerUnixChannelOption EPOLL_REUSE_PORT =
            new IntegerUnixChannelOption("SO_REUSEPORT", 1, 15);

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final boolean epoll = Epoll.isAvailable();
    private final boolean sharesPorts;

    /** As asked for: a wildcard of IPv4 comes back from the kernel as one of IPv6. */
    private final List<InetSocketAddress> listening = new CopyOnWriteArrayList<>();

    private final EventLoopGroup loops;
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Bootstrap dialling = new Bootstrap();
    private final ServerBootstrap accepting = new ServerBootstrap();
    private final ReentrantLock lock = new ReentrantLock();
    private boolean isClosed;

    /**
     * @param threads event loops; a connection belongs to one of them
     * @param connectTimeout for the socket alone
     * @param sharesPorts whether to dial from ports that are listened at
     */
    public TcpTransport(int threads, Duration connectTimeout, boolean sharesPorts) {
        this.sharesPorts = sharesPorts;
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
        accepting
                .group(loops)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, 256);
        configure(dialling::option);
        configure(accepting::childOption);
        if (sharesPorts) {
            var _ = sharingPorts(dialling).option(ChannelOption.SO_REUSEADDR, true);
            var _ = sharingPorts(accepting);
        }
    }

    /** The sockets that listen and those that dial must say so, or the kernel lets neither. */
    <B extends AbstractBootstrap<B, C>, C extends Channel> B sharingPorts(B sockets) {
        return epoll
                ? sockets.option(EPOLL_REUSE_PORT, 1)
                : sockets.option(NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT), true);
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

    /** Whether to dial from ports that are listened at. */
    boolean sharesPorts() {
        return sharesPorts;
    }

    @Override
    public boolean handles(Multiaddr address) {
        return TcpAddress.isTcp(address);
    }

    @Override
    public ChannelFuture dial(Multiaddr address, ChannelHandler pipeline) throws IOException {
        return dial(TcpAddress.resolve(address), Optional.empty(), pipeline);
    }

    @Override
    public Future<?> dialFromListening(Multiaddr address, ChannelHandler pipeline)
            throws IOException {
        var to = TcpAddress.resolve(address);
        var from = listeningFor(to.getAddress());
        if (from.isEmpty()) {
            return dial(to, Optional.empty(), pipeline);
        }
        Promise<Object> done = loops.next().newPromise();
        var _ =
                dial(to, from, new Held())
                        .addListener((ChannelFuture connect) -> {
                            if (connect.isSuccess()) {
                                Held.begin(connect.channel(), pipeline);
                                done.setSuccess(connect.channel());
                            } else if (isTaken(connect.cause())) {
                                dialAnyway(to, pipeline, done);
                            } else {
                                done.setFailure(connect.cause());
                            }
                        });
        return done;
    }

    private ChannelFuture dial(
            InetSocketAddress to, Optional<InetSocketAddress> from, ChannelHandler pipeline)
            throws IOException {
        lock.lock();
        try {
            if (isClosed) {
                throw new IOException("the host is closing");
            }
            var socket = dialling.clone().handler(kept(pipeline));
            return from.isPresent() ? socket.connect(to, from.get()) : socket.connect(to);
        } finally {
            lock.unlock();
        }
    }

    /** There is, or was a moment ago, a connection between these very ports. */
    private static boolean isTaken(Throwable cause) {
        return cause instanceof BindException
                || String.valueOf(cause.getMessage()).contains("assign requested address");
    }

    private void dialAnyway(InetSocketAddress to, ChannelHandler pipeline, Promise<Object> done) {
        try {
            var _ =
                    dial(to, Optional.empty(), pipeline)
                            .addListener((ChannelFuture connect) -> {
                                if (connect.isSuccess()) {
                                    done.setSuccess(connect.channel());
                                } else {
                                    done.setFailure(connect.cause());
                                }
                            });
        } catch (IOException closing) {
            done.setFailure(closing);
        }
    }

    /** A socket that is listened at and that can reach {@code host}. */
    private Optional<InetSocketAddress> listeningFor(InetAddress host) {
        return listening.stream().filter(own -> sharesPorts && reaches(own, host)).findFirst();
    }

    /** Whether a socket that is bound to {@code own} can send to {@code host}. */
    static boolean reaches(InetSocketAddress own, InetAddress host) {
        var from = own.getAddress();
        return from.getClass() == host.getClass()
                && (from.isAnyLocalAddress()
                        || from.isLoopbackAddress() == host.isLoopbackAddress());
    }

    @Override
    public Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException {
        var at = TcpAddress.resolve(address);
        if (sharesPorts) {
            checkFree(at);
        }
        var bind = accepting.clone().childHandler(kept(pipeline)).bind(at);
        bind.await();
        if (!bind.isSuccess()) {
            throw new IOException(
                    "cannot listen at " + address + ": " + bind.cause().getMessage(), bind.cause());
        }
        int port = ((InetSocketAddress) bind.channel().localAddress()).getPort();
        listening.add(new InetSocketAddress(at.getAddress(), port));
        return new Bound(bind.channel());
    }

    /** Two programs that share their ports would take each other's connections. */
    private static void checkFree(InetSocketAddress at) throws IOException {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(at);
        } catch (IOException taken) {
            throw new IOException("cannot listen at " + at + ": " + taken.getMessage(), taken);
        }
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

    /** Says and hears nothing before it is known that the ports are free. */
    private static final class Held extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.config().setAutoRead(false);
        }

        static void begin(Channel channel, ChannelHandler pipeline) {
            channel.pipeline().addLast(pipeline);
            channel.pipeline().fireChannelActive();
            channel.config().setAutoRead(true);
        }
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
