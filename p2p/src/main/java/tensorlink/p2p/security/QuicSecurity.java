package tensorlink.p2p.security;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;

/** The TLS 1.3 that is a part of QUIC, with libp2p's certificates. */
public final class QuicSecurity implements Security {
    private static final String APPLICATION_PROTOCOL = "libp2p";

    private final PeerTrust trust;
    private final Once<OwnCertificate> own;
    private final Once<QuicSslContext> client = new Once<>(this::makeClient);
    private final Once<QuicSslContext> server = new Once<>(this::makeServer);

    /**
     * @param identity whom to prove to be
     */
    public QuicSecurity(KeyPair identity, InstantSource clock) {
        this.trust = new PeerTrust(clock);
        this.own = new Once<>(() -> OwnCertificate.of(identity, clock.instant()));
    }

    private QuicSslContext makeClient() {
        var shown = own.get();
        return QuicSslContextBuilder.forClient()
                .keyManager(shown.key(), null, shown.certificate())
                .trustManager(trust)
                .endpointIdentificationAlgorithm(null)
                .applicationProtocols(APPLICATION_PROTOCOL)
                .earlyData(false)
                .build();
    }

    private QuicSslContext makeServer() {
        var shown = own.get();
        return QuicSslContextBuilder.forServer(shown.key(), null, shown.certificate())
                .trustManager(trust)
                .clientAuth(ClientAuth.REQUIRE)
                .applicationProtocols(APPLICATION_PROTOCOL)
                .earlyData(false)
                .build();
    }

    /** Whether this machine can do QUIC. */
    public static boolean isAvailable() {
        return Quic.isAvailable();
    }

    public QuicSslContext client() {
        return client.get();
    }

    public QuicSslContext server() {
        return server.get();
    }

    @Override
    public String protocol() {
        return "quic";
    }

    /** QUIC makes its handshake by itself; this handler waits for the end of it. */
    @Override
    public ChannelHandler handshake(Direction direction, Next next) {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event)
                    throws IOException {
                if (!(event instanceof SslHandshakeCompletionEvent completion)) {
                    context.fireUserEventTriggered(event);
                } else if (completion.isSuccess()) {
                    finish(context, next);
                    context.pipeline().remove(this);
                } else {
                    context.fireExceptionCaught(PeerTrust.reason(completion.cause()));
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                context.fireExceptionCaught(PeerTrust.reason(cause));
            }
        };
    }

    private static void finish(ChannelHandlerContext context, Next next) throws IOException {
        var engine = ((QuicChannel) context.channel()).sslEngine();
        if (engine == null) {
            throw new ProtocolViolation("QUIC without TLS");
        }
        var identity = PeerTrust.identity(engine.getSession());
        next.secured(context, new Secured(identity, Optional.of("quic")));
    }
}
