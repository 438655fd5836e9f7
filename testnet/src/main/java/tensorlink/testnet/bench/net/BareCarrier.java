package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.time.Duration;
import tensorlink.testnet.bench.bare.Bare;

/** Netty without libp2p. */
record BareCarrier(Bare way, int port, Child peer) implements Carrier {
    static BareCarrier start(Bare way, Child peer) throws IOException, InterruptedException {
        return new BareCarrier(way, peer.ask("bare", way.name()).path("port").asInt(), peer);
    }

    @Override
    public String name() {
        return switch (way) {
            case TCP -> "tcp";
            case TLS -> "netty-tls";
            case QUIC -> "netty-quic";
        };
    }

    @Override
    public int lightness() {
        return way == Bare.QUIC ? 4 : 1;
    }

    @Override
    public Duration cpu() {
        return OurCarrier.cpuHere().plus(peer.cpu());
    }

    @Override
    public Link open() throws IOException, InterruptedException {
        var link = way.dial(port);
        return new Link() {
            @Override
            public void upload(long bytes) throws IOException, InterruptedException {
                link.upload(bytes);
            }

            @Override
            public void close() {
                link.close();
            }
        };
    }
}
