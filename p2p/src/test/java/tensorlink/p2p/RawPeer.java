package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.ByteArrayOutputStream;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.Yamux;
import tensorlink.p2p.negotiate.NegotiationHandler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.security.Noise;

/**
 * A peer without manners: over a raw socket or a properly encrypted channel it sends what it likes.
 */
public final class RawPeer {
    /** One for all of them; it ends with the process. */
    private static final MultiThreadIoEventLoopGroup LOOP =
            new MultiThreadIoEventLoopGroup(
                    1, new DefaultThreadFactory("raw peers", true), NioIoHandler.newFactory());

    private final CountDownLatch encrypted = new CountDownLatch(1);
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final Channel channel;

    private RawPeer(Multiaddr target, boolean encrypts) throws InterruptedException {
        var port = target.value(AddressProtocol.TCP).orElseThrow();
        channel =
                new Bootstrap()
                        .group(LOOP)
                        .channel(NioSocketChannel.class)
                        .handler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel raw) {
                                        raw.pipeline().addLast(encrypts ? noise() : new Ear());
                                    }
                                })
                        .connect("127.0.0.1", Integer.parseInt(port))
                        .sync()
                        .channel();
    }

    /** Connects and says nothing. */
    public static RawPeer raw(Host target) throws InterruptedException {
        return new RawPeer(target.addresses().getFirst(), false);
    }

    /** Connects and comes as far as yamux, as the dialling side. */
    public static RawPeer encrypted(Host target) throws InterruptedException {
        return encrypted(target.addresses().getFirst());
    }

    /** The same with a host of another process. */
    public static RawPeer encrypted(Multiaddr target) throws InterruptedException {
        var peer = new RawPeer(target, true);
        assertThat(peer.encrypted.await(20, TimeUnit.SECONDS)).isTrue();
        return peer;
    }

    private NegotiationHandler noise() {
        var noise = new Noise(KeyPair.generate(), List.of(Yamux.PROTOCOL));
        return NegotiationHandler.propose(
                List.of(Noise.PROTOCOL),
                (context, protocol) ->
                        context.pipeline()
                                .addAfter(
                                        context.name(),
                                        "handshake",
                                        noise.handshake(
                                                Direction.OUTBOUND,
                                                (channelContext, secured) -> {
                                                    channelContext
                                                            .pipeline()
                                                            .addAfter(
                                                                    channelContext.name(),
                                                                    "ear",
                                                                    new Ear());
                                                    encrypted.countDown();
                                                })));
    }

    public void send(String... hexadecimal) {
        for (var hex : hexadecimal) {
            send(HexFormat.of().parseHex(hex));
        }
    }

    public void send(byte[] bytes) {
        var _ = channel.writeAndFlush(Unpooled.wrappedBuffer(bytes));
    }

    /** Leaves what the other side sends in the socket's buffers. */
    public void stopReading() {
        channel.config().setAutoRead(false);
    }

    /** Everything that came so far. */
    public String received() {
        synchronized (received) {
            return HexFormat.of().formatHex(received.toByteArray());
        }
    }

    public boolean isOpen() {
        return channel.isOpen();
    }

    /** Whether what was sent has left this process. */
    public boolean hasSentAll() {
        return channel.isWritable();
    }

    public void close() {
        if (channel.isOpen()) {
            channel.close().syncUninterruptibly();
        }
    }

    private final class Ear extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            var bytes = (ByteBuf) message;
            synchronized (received) {
                received.writeBytes(ByteBufUtil.getBytes(bytes));
            }
            bytes.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            var _ = context.close();
        }
    }
}
