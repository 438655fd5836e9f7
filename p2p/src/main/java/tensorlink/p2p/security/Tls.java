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

    private final SslContext client;
    private final SslContext server;

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
        var own = OwnCertificate.of(identity, clock.instant());
        try {
            client =
                    configure(SslContextBuilder.forClient(), muxers, clock)
                            .keyManager(own.key(), own.certificate())
                            .endpointIdentificationAlgorithm(null)
                            .build();
            server =
                    configure(
                                    SslContextBuilder.forServer(own.key(), own.certificate()),
                                    muxers,
                                    clock)
                            .clientAuth(ClientAuth.REQUIRE)
                            .sessionCacheSize(1)
                            .build();
        } catch (SSLException broken) {
            throw new IllegalStateException("TLS cannot be set up", broken);
        }
    }

    /** Whether this machine can do TLS. */
    public static boolean isAvailable() {
        return OpenSsl.isAvailable();
    }

    private static SslContextBuilder configure(
            SslContextBuilder builder, List<String> muxers, InstantSource clock) {
        var names = new ArrayList<>(muxers);
        names.add(NO_MUXER);
        return builder.sslProvider(SslProvider.OPENSSL)
                .protocols("TLSv1.3")
                .trustManager(new PeerTrust(clock))
                .applicationProtocolConfig(
                        new ApplicationProtocolConfig(
                                ApplicationProtocolConfig.Protocol.ALPN,
                                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                                names));
    }

    @Override
    public String protocol() {
        return PROTOCOL;
    }

    @Override
    public ChannelHandler handshake(Direction direction, Next next) {
        var context =
                switch (direction) {
                    case OUTBOUND -> client;
                    case INBOUND -> server;
                };
        return new TlsHandshakeHandler(context, Tls::muxer, next);
    }

    private static Optional<String> muxer(String applicationProtocol) {
        return applicationProtocol.equals(NO_MUXER)
                ? Optional.empty()
                : Optional.of(applicationProtocol);
    }
}
