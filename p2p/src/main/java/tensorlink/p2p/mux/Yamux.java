package tensorlink.p2p.mux;

import io.netty.channel.ChannelHandlerContext;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.security.FrameRoom;

/** Yamux as libp2p uses it, with window tuning, keep-alive and the error codes of go-yamux 5. */
public final class Yamux implements Muxer {
    public static final String PROTOCOL = "/yamux/1.0.0";

    private final Limits limits;
    private final Scheduler scheduler;

    public Yamux(Limits limits, Scheduler scheduler) {
        this.limits = limits;
        this.scheduler = scheduler;
    }

    @Override
    public String protocol() {
        return PROTOCOL;
    }

    @Override
    public MuxedConnection attach(
            ChannelHandlerContext secured, Direction direction, MuxedConnection.Events events) {
        var room = FrameRoom.behind(secured);
        var session =
                new YamuxSession(secured.channel(), room, direction, limits, scheduler, events);
        secured.pipeline().addAfter(secured.name(), "yamux", session);
        return session;
    }
}
