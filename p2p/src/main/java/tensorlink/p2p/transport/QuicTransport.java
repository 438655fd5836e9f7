package tensorlink.p2p.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.EpollQuicUtils;
import io.netty.handler.codec.quic.FlushStrategy;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicCongestionControlAlgorithm;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.SegmentedDatagramPacketAllocator;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.FutureListener;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.QuicMuxer;
import tensorlink.p2p.security.QuicSecurity;

/**
 * QUIC version 1 (quiche and BoringSSL): one UDP socket for each address that is listened at, and
 * one of each family for all that is dialled. A dial from a port that is listened at has a socket
 * of its own, connected, so that the kernel gives it what comes from there. A socket, and all
 * connections over it, belong to one event loop.
 */
public final class QuicTransport implements Transport {
    /** Packets in one call of the kernel: about as many as fit into 64 KiB. */
    private static final int SEGMENTS_PER_SEND = 44;

    /** The kernel hands over packets that belong together as one. */
    private static final int RECEIVE_BYTES = 64 << 10;

    private static final int RECEIVES_PER_TURN = 16;
    private static final int FLUSH_BYTES = 128 << 10;
    private static final int SOCKET_BUFFER_BYTES = 4 << 20;

    private final TcpTransport tcp;
    private final boolean epoll;
    private final QuicSecurity security;
    private final QuicMuxer muxer;
    private final Limits limits;
    private final EventLoopGroup loops;
    private final AddressProof proof;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Boolean, Channel> dialling = new HashMap<>();
    private final Set<Channel> sockets = ConcurrentHashMap.newKeySet();

    /** Connections with each place over ports that are listened at. */
    private final Map<InetSocketAddress, Integer> paths = new ConcurrentHashMap<>();

    private final List<Listening> listening = new CopyOnWriteArrayList<>();
    private boolean isClosed;

    /**
     * @param tcp lends its event loops and is closed after this; when it shares ports, so does this
     */
    public QuicTransport(
            TcpTransport tcp,
            QuicSecurity security,
            QuicMuxer muxer,
            Limits limits,
            Scheduler scheduler) {
        this.tcp = tcp;
        this.security = security;
        this.muxer = muxer;
        this.limits = limits;
        this.loops = tcp.loops();
        this.proof = new AddressProof(limits.connections().unprovenMax(), scheduler);
        this.epoll = tcp.isEpoll();
    }

    @Override
    public boolean handles(Multiaddr address) {
        return QuicAddress.isQuic(address);
    }

    @Override
    public Optional<Own> own() {
        return Optional.of(new Own(security, muxer));
    }

    @Override
    public Future<?> dial(Multiaddr address, ChannelHandler pipeline) throws IOException {
        var to = QuicAddress.resolve(address);
        var socket = socket(to.getAddress());
        lock.lock();
        try {
            if (isClosed) {
                throw closing();
            }
            return connect(socket, to, pipeline);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Future<?> dialFromListening(Multiaddr address, ChannelHandler pipeline)
            throws IOException {
        var to = QuicAddress.resolve(address);
        var from = listeningFor(to.getAddress());
        // Two connections between the same ports would get each other's packets.
        boolean isFree = paths.putIfAbsent(to, 1) == null;
        if (!isFree || from.isEmpty()) {
            if (isFree) {
                leave(to);
            }
            return dial(address, pipeline);
        }
        lock.lock();
        try {
            if (isClosed) {
                leave(to);
                throw closing();
            }
            var socket = tcp.sharingPorts(sockets()).handler(single()).connect(to, from.get());
            sockets.add(socket.channel());
            var _ =
                    socket.channel()
                            .closeFuture()
                            .addListener(_ -> {
                                sockets.remove(socket.channel());
                                leave(to);
                            });
            return connected(socket, to, pipeline);
        } finally {
            lock.unlock();
        }
    }

    /** The socket lives as long as the one connection over it. */
    private Future<?> connected(
            ChannelFuture socket, InetSocketAddress to, ChannelHandler pipeline) {
        Promise<Object> done = socket.channel().eventLoop().newPromise();
        FutureListener<QuicChannel> dialled =
                quic -> {
                    if (quic.isSuccess()) {
                        var _ = quic.getNow().closeFuture().addListener(_ -> close(socket));
                        done.setSuccess(quic.getNow());
                    } else {
                        close(socket);
                        done.setFailure(quic.cause());
                    }
                };
        var _ =
                socket.addListener(bound -> {
                    if (bound.isSuccess()) {
                        var _ = connect(socket.channel(), to, pipeline).addListener(dialled);
                    } else {
                        close(socket);
                        done.setFailure(bound.cause());
                    }
                });
        return done;
    }

    private static void close(ChannelFuture socket) {
        var _ = socket.channel().close();
    }

    private void leave(InetSocketAddress to) {
        var _ = paths.computeIfPresent(to, (_, count) -> count == 1 ? null : count - 1);
    }

    private Optional<InetSocketAddress> listeningFor(InetAddress host) {
        return listening.stream()
                .map(Listening::at)
                .filter(own -> tcp.sharesPorts() && TcpTransport.reaches(own, host))
                .findFirst();
    }

    private static boolean isOfFamily(InetSocketAddress own, InetAddress host) {
        return own.getAddress().getClass() == host.getClass();
    }

    private static IOException closing() {
        return new IOException("the host is closing");
    }

    private Future<QuicChannel> connect(
            Channel socket, InetSocketAddress to, ChannelHandler pipeline) {
        return QuicChannel.newBootstrap(socket)
                .handler(pipeline)
                .streamHandler(QuicMuxer.inbound())
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        Math.toIntExact(limits.dialling().timeout().toMillis()))
                .option(QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR, segments())
                .remoteAddress(to)
                .connect();
    }

    private SegmentedDatagramPacketAllocator segments() {
        return hasSegments()
                ? EpollQuicUtils.newSegmentedAllocator(SEGMENTS_PER_SEND)
                : SegmentedDatagramPacketAllocator.NONE;
    }

    private boolean hasSegments() {
        return epoll && EpollDatagramChannel.isSegmentedDatagramPacketSupported();
    }

    /** The socket for dialling to addresses of the same family. */
    private Channel socket(InetAddress to) throws IOException {
        boolean isIp4 = to instanceof Inet4Address;
        lock.lock();
        try {
            var open = dialling.get(isIp4);
            if (open != null) {
                return open;
            }
            if (isClosed) {
                throw closing();
            }
            var any = InetAddress.getByAddress(new byte[isIp4 ? 4 : 16]);
            var bind = sockets().handler(clientCodec()).bind(new InetSocketAddress(any, 0));
            bind.awaitUninterruptibly();
            if (!bind.isSuccess()) {
                throw new IOException("no UDP socket to dial from", bind.cause());
            }
            dialling.put(isIp4, bind.channel());
            sockets.add(bind.channel());
            return bind.channel();
        } finally {
            lock.unlock();
        }
    }

    /** For one connection, whose socket is connected too. */
    private ChannelHandler single() {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(clientCodec(), new Patient());
            }
        };
    }

    private ChannelHandler clientCodec() {
        return configure(new QuicClientCodecBuilder()).sslContext(security.client()).build();
    }

    private Bootstrap sockets() {
        var sockets =
                new Bootstrap()
                        .group(loops)
                        .channel(epoll ? EpollDatagramChannel.class : NioDatagramChannel.class)
                        .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER_BYTES)
                        .option(ChannelOption.SO_SNDBUF, SOCKET_BUFFER_BYTES);
        if (hasSegments()) {
            sockets.option(EpollChannelOption.UDP_GRO, true)
                    .option(
                            ChannelOption.RECVBUF_ALLOCATOR,
                            new FixedRecvByteBufAllocator(RECEIVE_BYTES)
                                    .maxMessagesPerRead(RECEIVES_PER_TURN));
        }
        return sockets;
    }

    private <B extends QuicCodecBuilder<B>> B configure(B codec) {
        var muxing = limits.muxing();
        var idle = muxing.keepAliveInterval().plus(muxing.keepAliveTimeout());
        return codec.maxIdleTimeout(idle.toMillis(), TimeUnit.MILLISECONDS)
                .initialMaxData(muxing.windowBytesMax())
                .initialMaxStreamDataBidirectionalLocal(
                        Math.min(QuicMuxer.WINDOW_BYTES, muxing.windowBytesMax()))
                .initialMaxStreamDataBidirectionalRemote(
                        Math.min(QuicMuxer.WINDOW_BYTES, muxing.windowBytesMax()))
                .initialMaxStreamsBidirectional(limits.streams().openMax())
                .initialMaxStreamsUnidirectional(0)
                .activeMigration(false)
                // Cubic fills every queue on the way, and a ping waits behind them all.
                .congestionControlAlgorithm(QuicCongestionControlAlgorithm.BBR)
                .flushStrategy(FlushStrategy.afterNumBytes(FLUSH_BYTES));
    }

    @Override
    public void knock(Multiaddr address, byte[] noise) throws IOException {
        var to = QuicAddress.resolve(address);
        for (var socket : listening) {
            if (isOfFamily(socket.at(), to.getAddress()) && socket.channel().isActive()) {
                var _ =
                        socket.channel()
                                .writeAndFlush(
                                        new DatagramPacket(Unpooled.wrappedBuffer(noise), to));
            }
        }
    }

    @Override
    public Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException {
        var codec =
                configure(new QuicServerCodecBuilder())
                        .sslContext(security.server())
                        .tokenHandler(proof)
                        .option(QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR, segments())
                        .handler(counted(pipeline))
                        .streamHandler(QuicMuxer.inbound());
        var at = QuicAddress.resolve(address);
        var sockets = sockets();
        if (tcp.sharesPorts()) {
            checkFree(at);
            sockets = tcp.sharingPorts(sockets);
        }
        var bind = sockets.handler(codec.build()).bind(at);
        bind.await();
        if (!bind.isSuccess()) {
            throw new IOException(
                    "cannot listen at " + address + ": " + bind.cause().getMessage(), bind.cause());
        }
        this.sockets.add(bind.channel());
        int port = ((InetSocketAddress) bind.channel().localAddress()).getPort();
        listening.add(new Listening(bind.channel(), new InetSocketAddress(at.getAddress(), port)));
        return new Bound(bind.channel());
    }

    /** Two programs that share their ports would take each other's packets. */
    private static void checkFree(InetSocketAddress at) throws IOException {
        try (var probe = new DatagramSocket(null)) {
            probe.setReuseAddress(false);
            probe.bind(at);
        } catch (IOException taken) {
            throw new IOException("cannot listen at " + at + ": " + taken.getMessage(), taken);
        }
    }

    private ChannelHandler counted(ChannelHandler pipeline) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                var from = remote(channel);
                var _ = paths.merge(from, 1, Integer::sum);
                var _ = channel.closeFuture().addListener(_ -> leave(from));
                channel.pipeline().addLast(proof.begins(), pipeline);
            }
        };
    }

    @Override
    public Multiaddr remoteAddress(Channel channel) {
        return QuicAddress.of(remote(channel));
    }

    @Override
    public InetAddress remoteHost(Channel channel) {
        return remote(channel).getAddress();
    }

    private static InetSocketAddress remote(Channel channel) {
        var remote = ((QuicChannel) channel).remoteSocketAddress();
        if (remote == null) {
            throw new IllegalStateException("QUIC channel without a remote address");
        }
        return (InetSocketAddress) remote;
    }

    /** Waits for the handlers of the sockets, which have memory to give back. */
    @Override
    public void close() {
        lock.lock();
        try {
            isClosed = true;
            for (var socket : sockets) {
                socket.close().awaitUninterruptibly();
                socket.eventLoop().submit(() -> {}).awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * A connected socket is told that nobody listens there, also by a NAT that is open a moment
     * later; the dial has a deadline of its own.
     */
    private static final class Patient extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (!(cause instanceof IOException)) {
                context.fireExceptionCaught(cause);
            }
        }
    }

    /**
     * A socket that is listened at.
     *
     * @param at as asked for: a wildcard of IPv4 comes back from the kernel as one of IPv6
     */
    private record Listening(Channel channel, InetSocketAddress at) {}

    /** Its connections live by its socket, so that stays open until the transport is closed. */
    private record Bound(Channel socket) implements Listener {
        @Override
        public List<Multiaddr> addresses() {
            return QuicAddress.reachable((InetSocketAddress) socket.localAddress());
        }

        @Override
        public void close() {}
    }
}
