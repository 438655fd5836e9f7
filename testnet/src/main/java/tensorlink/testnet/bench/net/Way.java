package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.util.Locale;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.HostConfig.Security;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.testnet.bench.bare.Bare;

/** How a host of ours is listened at and secured. */
enum Way {
    NOISE("/ip4/127.0.0.1/tcp/0", Security.NOISE),
    TLS("/ip4/127.0.0.1/tcp/0", Security.TLS),
    QUIC("/ip4/127.0.0.1/udp/0/quic-v1", Security.TLS);

    private final String listen;
    private final Security security;

    Way(String listen, Security security) {
        this.listen = listen;
        this.security = security;
    }

    static Way of(String label) throws IOException {
        for (var way : values()) {
            if (way.label().equals(label)) {
                return way;
            }
        }
        throw new IOException("no way is called \"" + label + '"');
    }

    /** Whether this machine has the native code for it. */
    boolean isAvailable() {
        return switch (this) {
            case NOISE -> true;
            case TLS -> Bare.TLS.isAvailable();
            case QUIC -> Bare.QUIC.isAvailable();
        };
    }

    /** As the report calls it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    HostConfig listening() {
        return dialling().withListen(Multiaddr.parse(listen));
    }

    HostConfig dialling() {
        return HostConfig.defaults().withSecurities(security).withListen();
    }
}
