package tensorlink.p2p.security;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * Puts Netty's TLS before itself, waits for its handshake and then leaves. The upgrade's own
 * deadline bounds the handshake.
 */
final class TlsHandshakeHandler extends ChannelInboundHandlerAdapter {
    /** Each buffer is encrypted by itself instead of being copied together with others. */
    private static final int AS_WRITTEN = 0;

    private final SslContext context;
    private final Function<String, Optional<String>> muxer;
    private final Security.Next next;
    private @Nullable SslHandler tls;

    TlsHandshakeHandler(
            SslContext context, Function<String, Optional<String>> muxer, Security.Next next) {
        this.context = context;
        this.muxer = muxer;
        this.next = next;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext here) {
        var handler = context.newHandler(here.alloc());
        handler.setHandshakeTimeoutMillis(0);
        tls = handler;
        here.pipeline().addBefore(here.name(), "tls", handler);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext here, Object event) throws IOException {
        if (event instanceof SslHandshakeCompletionEvent completion && tls != null) {
            if (completion.isSuccess()) {
                finish(here, tls);
            } else {
                here.fireExceptionCaught(PeerTrust.reason(completion.cause()));
            }
        } else {
            here.fireUserEventTriggered(event);
        }
    }

    private void finish(ChannelHandlerContext here, SslHandler handler) throws IOException {
        var agreed = handler.applicationProtocol();
        if (agreed == null) {
            throw new ProtocolViolation("TLS without an application protocol in common");
        }
        var identity = PeerTrust.identity(handler.engine().getSession());
        handler.setWrapDataSize(AS_WRITTEN);
        next.secured(here.pipeline().context(handler), new Secured(identity, muxer.apply(agreed)));
        here.pipeline().remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext here, Throwable cause) {
        here.fireExceptionCaught(PeerTrust.reason(cause));
    }
}
