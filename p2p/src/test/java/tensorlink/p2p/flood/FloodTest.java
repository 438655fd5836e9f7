package tensorlink.p2p.flood;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;

/**
 * 2,000 connections and 10,000 streams a second for a minute, against a host that may have 256 MiB
 * of heap and direct memory together. Loopback is exempt from what the host counts by address, so
 * what holds here are the limits for everybody. The system property {@code flood.seconds} shortens
 * it.
 */
@Tag("flood")
@Timeout(600)
class FloodTest {
    private static final int SECONDS = Integer.getInteger("flood.seconds", 60);
    private static final int CONNECTIONS_PER_SECOND = 2000;
    private static final int STREAMS_PER_SECOND = 10_000;
    private static final int OPEN_MAX = 1000;
    private static final int STREAMS_AT_ONCE = 10;

    /** A tenth less than asked for, or the test has flooded nothing. */
    private static final long FEWEST_CONNECTIONS = CONNECTIONS_PER_SECOND * 9 / 10;

    private static final long FEWEST_STREAMS = STREAMS_PER_SECOND * 9 / 10;

    private static final int DATA_WITH_SYN = 0x0000_0001;
    private static final int WINDOW_UPDATE_WITH_RST = 0x0001_0008;
    private static final int HEAP_MIB = 160;
    private static final int DIRECT_MIB = 96;
    private static final byte[] HELLO =
            "\u0013/multistream/1.0.0\n\u0007/noise\n".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] PROPOSAL =
            "\u0013/multistream/1.0.0\n\u0011/test/nobody/has\n"
                    .getBytes(StandardCharsets.US_ASCII);

    @Test
    void a_flood_takes_bounded_memory_and_the_honest_are_served() throws Exception {
        var bounds =
                List.of(
                        "-Xmx" + HEAP_MIB + "m",
                        "-XX:MaxDirectMemorySize=" + DIRECT_MIB + "m",
                        "-XX:+ExitOnOutOfMemoryError");
        try (var victim = new Child(Victim.class, bounds)) {
            var address = victim.line();
            try (var honest = new Child(Honest.class, List.of("-Xmx128m"), address)) {
                assertThat(honest.line()).isEqualTo("ready");
                long idle = Long.parseLong(honest.ask("10"));

                var target = PeerInfo.parse(address).addresses().getFirst();
                var opener = RawPeer.encrypted(target);
                var streams = start(() -> openStreams(opener));
                var connections = start(() -> connect(target));
                var pings = start(() -> Long.parseLong(honest.ask("" + (SECONDS - 2))));
                long used = 0;
                while (!pings.isDone()) {
                    used = Math.max(used, Long.parseLong(victim.ask("memory")));
                    Scheduler.system().sleep(Duration.ofMillis(500));
                }
                long flooded = pings.get();
                long connected = connections.get();
                long opened = streams.get();
                long recovery = Long.parseLong(honest.ask("new"));
                long after = Long.parseLong(honest.ask("5"));

                var figures =
                        """
                        %d connections/s, %d stream opens/s; ping p99 idle %d us, flooded %d us, \
                        after %d us; at most %d MiB in use; new connection after it in %d ms\
                        """
                                .formatted(
                                        connected / SECONDS,
                                        opened / SECONDS,
                                        idle,
                                        flooded,
                                        after,
                                        used >> 20,
                                        recovery);
                System.out.println(figures);
                assertThat(used).as(figures).isLessThan((HEAP_MIB + DIRECT_MIB) * (1L << 20));
                assertThat(recovery).as(figures).isLessThan(5000);
                assertThat(connected).as(figures).isGreaterThan(SECONDS * FEWEST_CONNECTIONS);
                assertThat(opened).as(figures).isGreaterThan(SECONDS * FEWEST_STREAMS);
                assertThat(flooded).as(figures).isLessThanOrEqualTo(2 * idle);
            }
        }
    }

    /**
     * Connections that propose Noise and go no further; the last thousand stay open. Counts those
     * that the host's kernel took.
     */
    private static long connect(Multiaddr target) throws IOException {
        int port = Integer.parseInt(target.value(AddressProtocol.TCP).orElseThrow());
        var host = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        var open = new ArrayDeque<SocketChannel>();
        var pace = new Pace(CONNECTIONS_PER_SECOND);
        long connected = 0;
        while (pace.next(SECONDS)) {
            if (open.size() == OPEN_MAX) {
                open.remove().close();
            }
            var channel = SocketChannel.open();
            try {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                channel.bind(new InetSocketAddress(loopback(2 + pace.count() % 250), 0));
                channel.connect(host);
                connected++;
                channel.write(ByteBuffer.wrap(HELLO));
                open.add(channel);
            } catch (IOException refused) {
                channel.close();
            }
        }
        for (var channel : open) {
            channel.close();
        }
        return connected;
    }

    private static InetAddress loopback(long host) throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) host});
    }

    /**
     * Streams that propose a protocol that nobody has and are reset at once, over one proven
     * connection. Counts those that have left for the socket.
     */
    private static long openStreams(RawPeer peer) {
        var pace = new Pace(STREAMS_PER_SECOND / STREAMS_AT_ONCE);
        int stream = 1;
        long opened = 0;
        while (peer.isOpen() && pace.next(SECONDS)) {
            if (peer.hasSentAll()) {
                var frames = ByteBuffer.allocate(STREAMS_AT_ONCE * (24 + PROPOSAL.length));
                for (int i = 0; i < STREAMS_AT_ONCE; i++, stream += 2) {
                    frames.putInt(DATA_WITH_SYN).putInt(stream).putInt(PROPOSAL.length);
                    frames.put(PROPOSAL);
                    frames.putInt(WINDOW_UPDATE_WITH_RST).putInt(stream).putInt(0);
                }
                peer.send(frames.array());
                opened += STREAMS_AT_ONCE;
            }
        }
        peer.close();
        return opened;
    }

    private static <T> FutureTask<T> start(Callable<T> body) {
        var task = new FutureTask<>(body);
        Scheduler.system().fork("flood", task);
        return task;
    }

    /** Lets through so much a second, and counts. */
    private static final class Pace {
        private final int perSecond;
        private final long start = System.nanoTime();
        private long count;

        Pace(int perSecond) {
            this.perSecond = perSecond;
        }

        /** Waits for the next turn; false when so many seconds are over. */
        boolean next(int seconds) {
            long due = start + count * 1_000_000_000L / perSecond;
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            if (System.nanoTime() - start > seconds * 1_000_000_000L) {
                return false;
            }
            count++;
            return true;
        }

        long count() {
            return count;
        }
    }
}
