package tensorlink.p2p;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import tensorlink.p2p.transport.MemoryTransport;
import tensorlink.p2p.transport.Transport;

/**
 * A network inside one process: hosts that are configured with the same instance reach each other
 * at {@code /memory/<name>}, encrypted and multiplexed as everywhere, but without a socket. Close
 * it after its hosts.
 */
public final class MemoryNetwork implements AutoCloseable {
    private final EventLoopGroup loops;
    private final UUID id = UUID.randomUUID();

    /**
     * @param threads that all hosts of the network share
     */
    public MemoryNetwork(int threads) {
        loops =
                new MultiThreadIoEventLoopGroup(
                        threads,
                        new DefaultThreadFactory("p2p-memory", true),
                        LocalIoHandler.newFactory());
    }

    Transport transport() {
        return new MemoryTransport(loops, id);
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
