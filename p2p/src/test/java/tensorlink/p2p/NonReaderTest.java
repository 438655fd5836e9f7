package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.peer.KeyPair;

/**
 * Fourth shape of the advisories: answers that pile up for somebody who does not read them (yamux
 * control frames). A peer asks as fast as it can and never reads; what the host then holds stays
 * within 32 MiB, of which Netty's pools keep some for good, and an honest peer is answered. The
 * system property {@code nonreader.seconds} says for how long; two seconds fill every queue there
 * is.
 */
@Tag("counted")
@Timeout(180)
public abstract class NonReaderTest {
    private static final long HELD_BYTES_MAX = 32 << 20;
    private static final Duration LENGTH = Duration.ofSeconds(Long.getLong("nonreader.seconds", 2));

    /** Connects a peer and brings it to where it can ask. */
    protected abstract RawPeer connect(Host victim) throws Exception;

    /** Questions to send at once; {@code round} counts the calls. */
    protected abstract String questions(int round);

    protected HostConfig victim() {
        return HostConfig.defaults().withEventLoops(1);
    }

    @Test
    void answers_that_nobody_reads_do_not_pile_up() throws Exception {
        try (var victim = Libp2p.start(KeyPair.generate(), victim());
                var honest =
                        Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1))) {
            Libp2p.servePerf(victim);
            honest.peers().add(victim.info());
            assertThat(Libp2p.ping(honest, victim.id())).isPositive();
            long before = held();

            var peer = connect(victim);
            peer.stopReading();
            long end = System.nanoTime() + LENGTH.toNanos();
            for (int round = 0; System.nanoTime() < end; round++) {
                if (!peer.isOpen()) {
                    peer = connect(victim);
                    peer.stopReading();
                }
                if (peer.hasSentAll()) {
                    peer.send(questions(round));
                }
                Thread.onSpinWait();
            }

            assertThat(held() - before).isLessThan(HELD_BYTES_MAX);
            assertThat(Libp2p.ping(honest, victim.id())).isPositive();
            peer.close();
        }
    }

    /** What is in use on the heap and in Netty's pool. */
    private static long held() {
        System.gc();
        var pool = PooledByteBufAllocator.DEFAULT.metric();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
                + pool.usedDirectMemory();
    }
}
