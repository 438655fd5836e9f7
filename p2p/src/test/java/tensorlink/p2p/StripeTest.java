package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.peer.KeyPair;

/** One large thing over several connections with the same peer. */
@Timeout(60)
class StripeTest {
    private static final ProtocolId PART = ProtocolId.of("/test/part/1.0.0");
    private static final int PARTS = 4;
    private static final int PART_BYTES = 3 << 20;

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void stop() {
        hosts.forEach(Host::close);
    }

    @Test
    void dialling_again_makes_another_connection_and_connecting_does_not() throws Exception {
        var server = host();
        var client = host();
        var first = client.connect(server.info());

        var second = client.dial(server.info());

        assertThat(second).isNotSameAs(first);
        assertThat(client.connect(server.info())).isSameAs(first);
        assertThat(client.connections()).containsExactlyInAnyOrder(first, second);
    }

    @Test
    void the_parts_of_a_tensor_arrive_over_as_many_connections() throws Exception {
        var server = host();
        var parts = new LinkedBlockingQueue<byte[]>();
        server.handle(
                PART,
                stream -> {
                    stream.purpose(Purpose.BULK);
                    var part = MemorySegment.ofArray(new byte[1 + PART_BYTES]);
                    stream.readFully(part);
                    parts.add(part.toArray(ValueLayout.JAVA_BYTE));
                });
        var client = host();
        var tensor = new byte[PARTS * PART_BYTES];
        new Random(9).nextBytes(tensor);
        var connections = new ArrayList<Connection>();
        for (int i = 0; i < PARTS; i++) {
            connections.add(client.dial(server.info()));
        }

        for (int i = 0; i < PARTS; i++) {
            try (var stream = connections.get(i).open(PART)) {
                stream.purpose(Purpose.BULK);
                stream.write(MemorySegment.ofArray(new byte[] {(byte) i}));
                stream.write(
                        MemorySegment.ofArray(tensor).asSlice((long) i * PART_BYTES, PART_BYTES));
            }
        }

        var received = new byte[tensor.length];
        for (int i = 0; i < PARTS; i++) {
            var part = parts.take();
            System.arraycopy(part, 1, received, part[0] * PART_BYTES, PART_BYTES);
        }
        assertThat(received).isEqualTo(tensor);
    }

    private Host host() throws Exception {
        var host = Libp2p.start(KeyPair.generate(), HostConfig.defaults());
        hosts.add(host);
        return host;
    }
}
