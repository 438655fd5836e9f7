package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.peer.KeyPair;

/** Many comings and goings leave nothing behind; lost buffers fail the class by themselves. */
@Timeout(120)
class ChurnTest {
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    @Test
    void a_thousand_connections_come_and_go_without_a_trace() throws Exception {
        try (var server = host();
                var client = host()) {
            server.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(100)));
            visit(client, server, 20);
            settle(client, server);
            long descriptors = descriptors();
            int threads = threads();

            visit(client, server, 1000);
            settle(client, server);

            assertThat(descriptors()).isLessThanOrEqualTo(descriptors);
            assertThat(threads()).isLessThanOrEqualTo(threads);
        }
    }

    @Test
    void a_hundred_hosts_come_and_go_without_a_trace() throws Exception {
        try (var server = host()) {
            server.handle(ECHO, stream -> stream.writeMessage(stream.readMessage(100)));
            startVisitAndStop(server, 3);
            Eventually.until("all have gone", () -> server.connections().isEmpty());
            long descriptors = descriptors();
            int threads = threads();

            startVisitAndStop(server, 100);
            Eventually.until("all have gone", () -> server.connections().isEmpty());

            Eventually.until("no descriptor is left", () -> descriptors() <= descriptors);
            Eventually.until("no thread is left", () -> threads() <= threads);
        }
    }

    private static void startVisitAndStop(Host server, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            try (var client = host()) {
                visit(client, server, 1);
            }
        }
    }

    private static void visit(Host client, Host server, int times) throws Exception {
        var message = ByteString.copyFromUtf8("hello");
        for (int i = 0; i < times; i++) {
            client.connect(server.info());
            try (var stream = client.open(server.id(), ECHO)) {
                stream.writeMessage(message);
                assertThat(stream.readMessage(100)).isEqualTo(message);
            }
            client.disconnect(server.id());
        }
    }

    private static void settle(Host client, Host server) {
        Eventually.until("the client is alone", () -> client.connections().isEmpty());
        Eventually.until("the server is alone", () -> server.connections().isEmpty());
        Eventually.until(
                "buffers came back",
                () -> PooledByteBufAllocator.DEFAULT.metric().usedHeapMemory() < 64L << 20);
    }

    private static Host host() throws Exception {
        return Libp2p.start(KeyPair.generate(), HostConfig.defaults().withEventLoops(1));
    }

    private static long descriptors() {
        try (var open = Files.list(DESCRIPTORS)) {
            return open.count();
        } catch (IOException notLinux) {
            return 0;
        }
    }

    /** Those with a name of ours; virtual threads are not among them. */
    private static int threads() {
        int count = 0;
        for (var thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("p2p-")) {
                count++;
            }
        }
        return count;
    }
}
