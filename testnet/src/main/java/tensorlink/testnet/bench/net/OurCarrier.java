package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** A host of ours in this process and one in {@link NetPeer}. */
record OurCarrier(Way way, PeerInfo remote, Child peer, Scheduler scheduler)
        implements Carrier.OfStreams {

    static OurCarrier start(Way way, Child peer, Scheduler scheduler)
            throws IOException, InterruptedException {
        int loops = Runtime.getRuntime().availableProcessors();
        var answer = peer.ask("listen", way.label(), loops);
        return new OurCarrier(
                way, PeerInfo.parse(answer.path("address").asString()), peer, scheduler);
    }

    @Override
    public String name() {
        return way.label();
    }

    @Override
    public int lightness() {
        return way == Way.QUIC ? 4 : 1;
    }

    @Override
    public Duration cpu() {
        return cpuHere().plus(peer.cpu());
    }

    static Duration cpuHere() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    @Override
    public OurLink open() throws IOException, InterruptedException {
        var host = Libp2p.start(KeyPair.generate(), way.dialling());
        try {
            return new OurLink(host, host.connect(remote));
        } catch (IOException | InterruptedException failure) {
            host.close();
            throw failure;
        }
    }

    /** Sends 32 bytes and waits until they are back. */
    static void echo(Stream stream) throws IOException, InterruptedException {
        stream.write(MemorySegment.ofArray(new byte[NetPeer.ECHO_BYTES]));
        stream.readFully(MemorySegment.ofArray(new byte[NetPeer.ECHO_BYTES]));
    }

    /** A host that has connected, as whoever it is. */
    final class OurLink implements StreamLink {
        private final Host host;
        private final Connection connection;

        OurLink(Host host, Connection connection) {
            this.host = host;
            this.connection = connection;
        }

        Connection connection() {
            return connection;
        }

        @Override
        public void upload(long bytes) throws IOException, InterruptedException {
            Libp2p.perf(host, remote.id(), bytes, 0);
        }

        @Override
        public List<Double> pings(int count) throws IOException, InterruptedException {
            var micros = new ArrayList<Double>();
            try (var stream = connection.open(NetPeer.PING)) {
                stream.purpose(Purpose.CONTROL);
                for (int i = 0; i < count; i++) {
                    long sent = scheduler.nanoTime();
                    echo(stream);
                    micros.add((scheduler.nanoTime() - sent) / 1e3);
                }
            }
            return micros;
        }

        @Override
        public void streams(int count) throws IOException, InterruptedException {
            for (int i = 0; i < count; i++) {
                try (var stream = connection.open(NetPeer.ECHO)) {
                    echo(stream);
                }
            }
        }

        /** The same, but with a choice, for which the peer's word has to be waited for. */
        void eagerStreams(int count) throws IOException, InterruptedException {
            for (int i = 0; i < count; i++) {
                try (var stream = connection.open(List.of(NetPeer.ECHO, NetPeer.SLOW))) {
                    echo(stream);
                }
            }
        }

        @Override
        public void connections(int count) throws IOException, InterruptedException {
            for (int i = 0; i < count; i++) {
                host.disconnect(remote.id());
                host.connect(remote);
            }
        }

        @Override
        public void close() {
            host.close();
        }
    }
}
