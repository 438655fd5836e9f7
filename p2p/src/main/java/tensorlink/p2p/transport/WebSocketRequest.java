package tensorlink.p2p.transport;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;

/**
 * Lets pass what asks for the one version of WebSocket that is spoken and was read completely.
 * Netty would fall back to drafts, even when it was a head over the limit that hid the version.
 */
final class WebSocketRequest extends ChannelInboundHandlerAdapter {
    private static final String VERSION = "13";

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof FullHttpRequest request && !isAcceptable(request)) {
            request.release();
            var refusal =
                    new DefaultFullHttpResponse(
                            HttpVersion.HTTP_1_1, HttpResponseStatus.BAD_REQUEST);
            context.writeAndFlush(refusal).addListener(ChannelFutureListener.CLOSE);
        } else {
            context.fireChannelRead(message);
        }
    }

    private static boolean isAcceptable(FullHttpRequest request) {
        return request.decoderResult().isSuccess()
                && VERSION.equals(request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION));
    }
}
