package tensorlink.p2p.mux;

import io.netty.channel.ChannelHandlerContext;
import tensorlink.p2p.core.Connection.Direction;

/** A way to carry many streams over one secured channel. */
public interface Muxer {

    /** The name under which it is negotiated. */
    String protocol();

    /** Takes over the channel right behind {@code secured}. */
    MuxedConnection attach(
            ChannelHandlerContext secured, Direction direction, MuxedConnection.Events events);
}
