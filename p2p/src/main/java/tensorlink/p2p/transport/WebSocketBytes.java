package tensorlink.p2p.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Turns binary messages into bytes and back; where one message ends means nothing. What is behind
 * this handler takes the channel for active once the HTTP upgrade is through.
 */
final class WebSocketBytes extends ChannelDuplexHandler {
    private final WebSocketPayload payload;

    /**
     * @param payload takes the place of Netty's decoder
     */
    WebSocketBytes(WebSocketPayload payload) {
        this.payload = payload;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        // Not before the upgrade.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE
                || event instanceof WebSocketServerProtocolHandler.HandshakeComplete) {
            var decoder = (ChannelHandler) context.pipeline().get(WebSocket13FrameDecoder.class);
            context.pipeline().replace(decoder, "frames", payload);
            context.fireChannelActive();
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message)
            throws ProtocolViolation {
        if (!(message instanceof ByteBuf)) {
            ReferenceCountUtil.release(message);
            throw new ProtocolViolation("HTTP where a WebSocket message was expected");
        }
        context.fireChannelRead(message);
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the promise given with each write counts
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        boolean isUpgrade = !(message instanceof ByteBuf);
        context.write(isUpgrade ? message : new BinaryWebSocketFrame((ByteBuf) message), promise);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.fireExceptionCaught(
                cause instanceof IOException || cause.getCause() instanceof IOException
                        ? cause
                        : new ProtocolViolation("WebSocket: " + cause.getMessage(), cause));
    }
}
