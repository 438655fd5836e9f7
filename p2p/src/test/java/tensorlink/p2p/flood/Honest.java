package tensorlink.p2p.flood;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Who is served meanwhile. For each line, a number of seconds, it measures round trips on an open
 * stream and says their 99th percentile in microseconds; for {@code new} it says how many
 * milliseconds a new connection took.
 */
final class Honest {
    private static final ProtocolId PING = ProtocolId.of("/ipfs/ping/1.0.0");
    private static final long PAUSE_NANOS = 2_000_000;

    private Honest() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var victim = PeerInfo.parse(arguments[0]);
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (var host = start();
                var in =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            host.connect(victim);
            measure(host, victim, 3);
            out.println("ready");
            for (String line; (line = in.readLine()) != null; ) {
                out.println(
                        line.equals("new")
                                ? connect(victim)
                                : measure(host, victim, Integer.parseInt(line)));
            }
        }
    }

    private static Host start() throws IOException, InterruptedException {
        return Libp2p.start(
                KeyPair.generate(), HostConfig.defaults().withEventLoops(1).withListen());
    }

    private static long connect(PeerInfo victim) throws IOException, InterruptedException {
        long start = System.nanoTime();
        try (var late = start()) {
            late.connect(victim);
            return Duration.ofNanos(System.nanoTime() - start).toMillis();
        }
    }

    private static long measure(Host host, PeerInfo victim, int seconds)
            throws IOException, InterruptedException {
        List<Long> nanos = new ArrayList<>();
        var bytes = MemorySegment.ofArray(new byte[32]);
        try (var stream = host.open(victim.id(), PING)) {
            stream.timeout(Duration.ofSeconds(30));
            long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
            while (System.nanoTime() < end) {
                long start = System.nanoTime();
                stream.write(bytes);
                stream.readFully(bytes);
                nanos.add(System.nanoTime() - start);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        Collections.sort(nanos);
        return nanos.get(nanos.size() * 99 / 100) / 1000;
    }
}
