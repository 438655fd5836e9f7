package tensorlink.p2p.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;

/**
 * Channels without sockets between the hosts of one process, at {@code /memory/<name>}. Everything
 * above the channel is the same as over TCP. The event loops are lent and stay open.
 */
public final class MemoryTransport implements Transport {
    private final String prefix;
    private final Bootstrap dialling = new Bootstrap();
    private final ServerBootstrap listening = new ServerBootstrap();

    /**
     * @param loops of {@link LocalIoHandler}s
     * @param network keeps equal names of different networks apart
     */
    public MemoryTransport(EventLoopGroup loops, UUID network) {
        prefix = network + "/";
        dialling.group(loops)
                .channel(LocalChannel.class)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT);
        listening
                .group(loops)
                .channel(LocalServerChannel.class)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT);
    }

    @Override
    public boolean handles(Multiaddr address) {
        return address.parts().size() == 1 && address.has(AddressProtocol.MEMORY);
    }

    @Override
    public ChannelFuture dial(Multiaddr address, ChannelHandler pipeline) {
        return dialling.clone().handler(pipeline).connect(local(address));
    }

    @Override
    public Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException {
        var bind = listening.clone().childHandler(pipeline).bind(local(address));
        bind.await();
        if (!bind.isSuccess()) {
            throw new IOException("cannot listen at " + address, bind.cause());
        }
        return new Bound(address, bind.channel());
    }

    private LocalAddress local(Multiaddr address) {
        return new LocalAddress(prefix + address.parts().getFirst().text());
    }

    @Override
    public Multiaddr remoteAddress(Channel channel) {
        var id = ((LocalAddress) channel.remoteAddress()).id();
        var name = id.startsWith(prefix) ? id.substring(prefix.length()) : id;
        return Multiaddr.parse("/memory/" + name.replace('/', '-'));
    }

    @Override
    public void close() {}

    private record Bound(Multiaddr address, Channel channel) implements Listener {
        @Override
        public List<Multiaddr> addresses() {
            return List.of(address);
        }

        @Override
        public void close() {
            channel.close().awaitUninterruptibly();
        }
    }
}
