package tensorlink.p2p.security;

import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.peer.KeyPair;

/**
 * TLS 1.3 with libp2p's certificates and the muxer agreed by ALPN. It runs on BoringSSL, because
 * the JDK's TLS refuses the certificates of other implementations; where BoringSSL does not fit the
 * machine there is no TLS.
 */
public final class Tls implements Security {
    public static final String PROTOCOL = "/tls/1.0.0";

    /** Agreed on, it says that the muxer is not. */
    private static final String NO_MUXER = "libp2p";

    private final PeerTrust trust;
    private final List<String> applicationProtocols;
    private final Once<OwnCertificate> own;
    private final Once<SslContext> client = new Once<>(this::client);
    private final Once<SslContext> server = new Once<>(this::server);

    /**
     * @param identity whom to prove to be
     * @param muxers to offer inside the handshake, best first
     * @throws IllegalStateException unless TLS {@link #isAvailable}
     */
    public Tls(KeyPair identity, List<String> muxers, InstantSource clock) {
        if (!isAvailable()) {
            throw new IllegalStateException(
                    "no TLS on this machine", OpenSsl.unavailabilityCause());
        }
        this.trust = new PeerTrust(clock);
        this.applicationProtocols = new ArrayList<>(muxers);
        this.applicationProtocols.add(NO_MUXER);
        this.own = new Once<>(() -> OwnCertificate.of(identity, clock.instant()));
    }

    private SslContext client() {
        var shown = own.get();
        return build(
                SslContextBuilder.forClient()
                        .keyManager(shown.key(), shown.certificate())
                        .endpointIdentificationAlgorithm(null));
    }

    private SslContext server() {
        var shown = own.get();
        return build(
                SslContextBuilder.forServer(shown.key(), shown.certificate())
                        .clientAuth(ClientAuth.REQUIRE));
    }

    /** Whether this machine can do TLS. */
    public static boolean isAvailable() {
        return OpenSsl.isAvailable();
    }

    private SslContext build(SslContextBuilder builder) {
        try {
            return builder.sslProvider(SslProvider.OPENSSL)
                    .protocols("TLSv1.3")
                    .trustManager(trust)
                    .applicationProtocolConfig(
                            new ApplicationProtocolConfig(
                                    ApplicationProtocolConfig.Protocol.ALPN,
                                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                                    ApplicationProtocolConfig.SelectedListenerFailureBehavior
                                            .ACCEPT,
                                    applicationProtocols))
                    .build();
        } catch (SSLException broken) {
            throw new IllegalStateException("TLS cannot be set up", broken);
        }
    }

    @Override
    public String protocol() {
        return PROTOCOL;
    }

    @Override
    public ChannelHandler handshake(Direction direction, Next next) {
        var context =
                switch (direction) {
                    case OUTBOUND -> client.get();
                    case INBOUND -> server.get();
                };
        return new TlsHandshakeHandler(context, Tls::muxer, next);
    }

    private static Optional<String> muxer(String applicationProtocol) {
        return applicationProtocol.equals(NO_MUXER)
                ? Optional.empty()
                : Optional.of(applicationProtocol);
    }
}
