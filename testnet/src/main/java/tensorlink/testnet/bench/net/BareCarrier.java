package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.core.Scheduler;
import tensorlink.testnet.bench.bare.Bare;

/** Netty without libp2p. */
record BareCarrier(Bare way, int port, Child peer, Scheduler scheduler) implements Carrier {
    static BareCarrier start(Bare way, Child peer, Scheduler scheduler)
            throws IOException, InterruptedException {
        int port = peer.ask("bare", way.name()).path("port").asInt();
        return new BareCarrier(way, port, peer, scheduler);
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

            // What comes back says only that all has arrived.
            @Override
            public List<Double> pings(int count) throws IOException, InterruptedException {
                var micros = new ArrayList<Double>();
                for (int i = 0; i < count; i++) {
                    long sent = scheduler.nanoTime();
                    link.upload(NetPeer.ECHO_BYTES);
                    micros.add((scheduler.nanoTime() - sent) / 1e3);
                }
                return micros;
            }

            @Override
            public void close() {
                link.close();
            }
        };
    }
}
