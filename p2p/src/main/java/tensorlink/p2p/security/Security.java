package tensorlink.p2p.security;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import tensorlink.p2p.core.Connection.Direction;

/** A way to secure a channel. */
public interface Security {

    /** The name under which it is negotiated. */
    String protocol();

    /**
     * A handler that performs the handshake on an active channel. When the other side is proven it
     * puts a handler for the encrypted channel behind itself, calls {@code next} and leaves. A
     * failed handshake is an exception in the pipeline; no byte is delivered then.
     */
    ChannelHandler handshake(Direction direction, Next next);

    /** What follows a handshake. */
    @FunctionalInterface
    interface Next {
        /**
         * Adds what reads plaintext right behind {@code encrypted}.
         *
         * @throws IOException when the other side is not who it should be
         */
        void secured(ChannelHandlerContext encrypted, Secured secured) throws IOException;
    }
}
