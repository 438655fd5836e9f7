package tensorlink.p2p.mux;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.AttributeKey;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;

/** The streams of QUIC itself. */
public final class QuicMuxer implements Muxer {
    /** What the remote may send on a stream at first. */
    public static final int WINDOW_BYTES = QuicStream.INITIAL_WINDOW_BYTES;

    private static final AttributeKey<QuicSession> SESSION =
            AttributeKey.valueOf(QuicMuxer.class, "session");

    private final Limits limits;
    private final Scheduler scheduler;

    public QuicMuxer(Limits limits, Scheduler scheduler) {
        this.limits = limits;
        this.scheduler = scheduler;
    }

    @Override
    public String protocol() {
        return "quic";
    }

    @Override
    public MuxedConnection attach(
            ChannelHandlerContext secured, Direction direction, MuxedConnection.Events events) {
        var channel = (QuicChannel) secured.channel();
        var session = new QuicSession(channel, limits, scheduler, events);
        channel.attr(SESSION).set(session);
        secured.pipeline().addAfter(secured.name(), "streams", session);
        return session;
    }

    /** What sets up the streams that the other side opens. */
    public static ChannelHandler inbound() {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                var session = channel.parent().attr(SESSION).get();
                if (session == null) {
                    var _ = channel.close();
                } else {
                    session.accept((QuicStreamChannel) channel);
                }
            }
        };
    }
}
