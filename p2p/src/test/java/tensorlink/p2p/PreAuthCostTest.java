package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.peer.KeyPair;

/**
 * Fifth shape of the advisories: heavy or endless work before the other side is proven (RSA keys of
 * any size, loops over DER lengths). No bad file of a protocol takes more than 5 ms of processor
 * time, and a connection that stops where its bytes end holds no more than 64 KiB.
 */
@Timeout(120)
public abstract class PreAuthCostTest {
    private static final Duration CPU_MAX = Duration.ofMillis(5);
    private static final int RUNS = 20;
    private static final int CONNECTIONS = 100;
    private static final long HELD_BYTES_MAX = 64 << 10;

    /** The folder of bad files. */
    protected abstract String folder();

    /** Feeds the decoder. */
    protected abstract String outcome(byte[] input) throws IOException;

    /** What a peer says before it falls silent, as late as it can; empty for none. */
    protected abstract List<String> silences();

    protected HostConfig victim() {
        return HostConfig.defaults();
    }

    @Test
    void no_bad_input_costs_more_than_5_ms() throws IOException {
        for (var input : BadInput.refusedInputs(folder())) {
            long cheapest = Long.MAX_VALUE;
            for (int i = 0; i < RUNS; i++) {
                long before = cpu();
                assertThat(outcome(input)).isNotEmpty();
                cheapest = Math.min(cheapest, cpu() - before);
            }

            assertThat(Duration.ofNanos(cheapest)).isLessThan(CPU_MAX);
        }
    }

    @Test
    void a_silent_connection_holds_at_most_64_kib() throws Exception {
        var limits = Limits.defaults();
        var patient = limits.connections().withUpgradeTimeout(Duration.ofMinutes(2));
        var config = victim().withEventLoops(1).withLimits(limits.withConnections(patient));
        try (var victim = Libp2p.start(KeyPair.generate(), config)) {
            for (var silence : silences()) {
                connect(victim, silence, 5).forEach(RawPeer::close);
                long before = held();

                var silent = connect(victim, silence, CONNECTIONS);

                assertThat((held() - before) / CONNECTIONS)
                        .as("bytes held after %s", silence)
                        .isLessThan(HELD_BYTES_MAX);
                silent.forEach(RawPeer::close);
            }
        }
    }

    private static List<RawPeer> connect(Host victim, String words, int times) throws Exception {
        var peers = new ArrayList<RawPeer>();
        for (int i = 0; i < times; i++) {
            var peer = RawPeer.raw(victim);
            peers.add(peer);
            peer.send(words);
            Eventually.until("it is sent", peer::hasSentAll);
        }
        return peers;
    }

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    /** What is in use on the heap and in Netty's pool. */
    private static long held() {
        System.gc();
        var pool = PooledByteBufAllocator.DEFAULT.metric();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
                + pool.usedDirectMemory();
    }
}
