package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/**
 * Whoever breaks a stream off frees both sides within a second: the threads that wait on it, its
 * places in the scopes and the memory charged to them. Lost buffers fail the class by themselves.
 */
@Timeout(60)
class CancelTest {
    private static final ProtocolId BUSY = ProtocolId.of("/test/busy/1.0.0");

    /** Ways to give up, from another thread than the one that waits. */
    enum Cancel {
        RESET,
        CLOSE,
        INTERRUPT;

        void run(Stream stream, Thread user) {
            switch (this) {
                case RESET -> stream.reset();
                case CLOSE -> stream.close();
                case INTERRUPT -> user.interrupt();
            }
        }
    }

    static List<Arguments> cases() {
        return cases(Cancel.values());
    }

    /** Closing in order is not one of them: the other side may then go on writing for a while. */
    static List<Arguments> casesOfBreakingOff() {
        return cases(Cancel.RESET, Cancel.INTERRUPT);
    }

    private static List<Arguments> cases(Cancel... cancels) {
        var cases = new ArrayList<Arguments>();
        for (var address : List.of("/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1")) {
            for (var cancel : cancels) {
                cases.add(Arguments.of(Multiaddr.parse(address), cancel));
            }
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void frees_two_who_wait_for_each_others_bytes(Multiaddr address, Cancel cancel)
            throws Exception {
        assertFreed(address, cancel, stream -> stream.read(MemorySegment.ofArray(new byte[1])));
    }

    @ParameterizedTest
    @MethodSource("casesOfBreakingOff")
    void frees_two_who_write_and_do_not_read(Multiaddr address, Cancel cancel) throws Exception {
        var part = MemorySegment.ofArray(new byte[1 << 20]).asReadOnly();
        assertFreed(
                address,
                cancel,
                stream -> {
                    while (true) {
                        stream.write(part);
                    }
                });
    }

    private static void assertFreed(Multiaddr address, Cancel cancel, StreamHandler work)
            throws Exception {
        try (var server = host(address);
                var client = host(address)) {
            var handlers = new LinkedBlockingQueue<Thread>();
            server.handle(
                    BUSY,
                    stream -> {
                        handlers.add(Thread.currentThread());
                        work.handle(stream);
                    });
            client.peers().add(server.info());
            var stream = client.open(server.id(), BUSY);
            var user = Scheduler.system().fork("user", () -> use(stream, work));
            var handler = handlers.take();
            Eventually.isWaiting(user);
            Eventually.isWaiting(handler);

            long start = System.nanoTime();
            cancel.run(stream, user);
            Eventually.until("the user is free", () -> !user.isAlive());
            Eventually.until("the handler is free", () -> !handler.isAlive());
            Eventually.until("nothing is held here", () -> held(client) == 0);
            Eventually.until("nothing is held there", () -> held(server) == 0);
            long nanos = System.nanoTime() - start;

            assertThat(Duration.ofNanos(nanos)).isLessThan(Duration.ofSeconds(1));
            assertThat(client.connections()).hasSize(1);
        }
    }

    private static void use(Stream stream, StreamHandler work) {
        try (stream) {
            work.handle(stream);
        } catch (IOException given) {
            assertThat(given).hasMessageNotContaining("timed out");
        } catch (InterruptedException given) {
            Thread.currentThread().interrupt();
        }
    }

    private static Host host(Multiaddr address) throws Exception {
        return Libp2p.start(
                KeyPair.generate(), HostConfig.defaults().withEventLoops(1).withListen(address));
    }

    /** Streams and bytes that count for the protocol. */
    private static long held(Host host) {
        long held = 0;
        for (var use : host.control().resources()) {
            held += use.scope().contains(BUSY.name()) ? use.used() : 0;
        }
        return held;
    }
}
