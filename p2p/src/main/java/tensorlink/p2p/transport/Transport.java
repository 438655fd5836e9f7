package tensorlink.p2p.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.util.List;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Dials and listens at one kind of address. Safe for use by any thread. */
public interface Transport extends AutoCloseable {

    /** Whether {@code address}, without a peer id, is of this kind. */
    boolean handles(Multiaddr address);

    /**
     * Starts to connect; may block to resolve a name, not to connect.
     *
     * @param pipeline adds the handlers of the new channel
     * @throws IOException when the address leads nowhere
     */
    ChannelFuture dial(Multiaddr address, ChannelHandler pipeline) throws IOException;

    /**
     * Listens at {@code address}.
     *
     * @param pipeline adds the handlers of each accepted channel
     * @throws IOException when the address cannot be bound
     */
    Listener listen(Multiaddr address, ChannelHandler pipeline)
            throws IOException, InterruptedException;

    /** Where the other end of a channel of this transport is. */
    Multiaddr remoteAddress(Channel channel);

    /** Ends the transport's own threads, after its listeners and channels were closed. */
    @Override
    void close();

    /** A bound address. */
    interface Listener extends AutoCloseable {
        /** Where it can be reached; several when a wildcard was bound. */
        List<Multiaddr> addresses();

        /** Stops accepting and frees the address; channels already accepted go on. */
        @Override
        void close();
    }
}
