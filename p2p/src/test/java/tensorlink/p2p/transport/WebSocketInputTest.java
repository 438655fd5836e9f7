package tensorlink.p2p.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Wire;

/** The frames of a WebSocket client, after the upgrade. */
class WebSocketInputTest extends BadInput {
    WebSocketInputTest() {
        super("websocket");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var controls = new ArrayList<String>();
        try (var wire = new Wire(new WebSocketPayload(true, 16 << 20), new Controls(controls))) {
            wire.receive(pieces);
            return wire.outcome(controls.isEmpty() ? "understood" : "understood " + controls);
        }
    }

    /** In a pipeline of Netty's a handler of Netty's answers them. */
    private static final class Controls extends ChannelInboundHandlerAdapter {
        private final List<String> seen;

        Controls(List<String> seen) {
            this.seen = seen;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof ByteBuf) {
                context.fireChannelRead(message);
            } else {
                var frame = (WebSocketFrame) message;
                seen.add(frame.getClass().getSimpleName() + " " + frame.content().readableBytes());
                frame.release();
            }
        }
    }
}
