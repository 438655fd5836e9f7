package tensorlink.p2p.flood;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.peer.KeyPair;
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
    private static final int HEAP_MIB = 160;
    private static final int DIRECT_MIB = 96;
    private static final byte[] HELLO =
            "\u0013/multistream/1.0.0\n\u0007/noise\n".getBytes(StandardCharsets.US_ASCII);

    @Test
    void a_flood_takes_bounded_memory_and_the_honest_are_served() throws Exception {
        var bounds =
                List.of("-Xmx" + HEAP_MIB + "m", "-XX:MaxDirectMemorySize=" + DIRECT_MIB + "m");
        try (var victim = new Child(Victim.class, bounds)) {
            var address = victim.line();
            try (var honest = new Child(Honest.class, List.of("-Xmx128m"), address)) {
                assertThat(honest.line()).isEqualTo("ready");
                long idle = Long.parseLong(honest.ask("10"));

                var target = PeerInfo.parse(address);
                var connections = start(() -> flood(target));
                var streams = start(() -> openStreams(target));
                long flooded = Long.parseLong(honest.ask(Integer.toString(SECONDS - 2)));
                long used = Long.parseLong(victim.ask("memory"));
                long connected = connections.get();
                long opened = streams.get();
                long recovery = Long.parseLong(honest.ask("new"));
                long after = Long.parseLong(honest.ask("5"));

                var figures =
                        """
                        %d connections/s, %d stream opens/s; ping p99 idle %d us, flooded %d us, \
                        after %d us; %d MiB in use; new connection after the flood in %d ms\
                        """
                                .formatted(
                                        connected / SECONDS,
                                        opened / SECONDS,
                                        idle,
                                        flooded,
                                        after,
                                        used >> 20,
                                        recovery);
                assertThat(used).as(figures).isLessThan((HEAP_MIB + DIRECT_MIB) * (1L << 20));
                assertThat(recovery).as(figures).isLessThan(5000);
                assertThat(connected).as(figures).isGreaterThan(SECONDS * 100L);
                assertThat(opened).as(figures).isGreaterThan(SECONDS * 1000L);
                assertThat(flooded).as(figures).isLessThanOrEqualTo(2 * idle);
            }
        }
    }

    /** Connections that propose Noise and go no further; the last thousand stay open. */
    private static long flood(PeerInfo target) throws IOException {
        var port = target.addresses().getFirst().value(AddressProtocol.TCP).orElseThrow();
        var open = new ArrayDeque<SocketChannel>();
        var pace = new Pace(CONNECTIONS_PER_SECOND);
        while (pace.next(SECONDS)) {
            try {
                int host = (int) (pace.count() % 250) + 2;
                var channel = SocketChannel.open();
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                channel.bind(new InetSocketAddress(loopback(host), 0));
                channel.connect(
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
                channel.write(ByteBuffer.wrap(HELLO));
                open.add(channel);
            } catch (IOException refused) {
                continue;
            }
            if (open.size() > 1000) {
                open.remove().close();
            }
        }
        for (var channel : open) {
            channel.close();
        }
        return pace.count();
    }

    private static InetAddress loopback(int host) throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) host});
    }

    /** Streams that are opened and reset, over one proven connection after the other. */
    private static long openStreams(PeerInfo target) throws IOException, InterruptedException {
        var config = HostConfig.defaults().withEventLoops(1).withListen();
        var pace = new Pace(STREAMS_PER_SECOND);
        try (var host = Libp2p.start(KeyPair.generate(), config)) {
            var wanted = ProtocolId.of("/test/nobody/has/this");
            while (pace.next(SECONDS)) {
                var connection = host.connect(target);
                Scheduler.system()
                        .fork(
                                "opener",
                                () -> {
                                    try (var stream = connection.open(wanted)) {
                                        stream.reset();
                                    } catch (IOException refused) {
                                        return;
                                    } catch (InterruptedException closing) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
            }
        }
        return pace.count();
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
