package tensorlink.p2p.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Link;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class PushGateTest {
    private static final long SECOND = 1_000_000_000;

    private final PushGate gate = new PushGate();
    private final Connection connection = new Somewhere();

    @Test
    void a_few_pushes_may_come_at_once_and_then_one_a_second() {
        gate.opened(connection, 0);
        for (int i = 0; i < 8; i++) {
            assertThat(gate.admit(connection, 0)).isTrue();
        }

        assertThat(gate.admit(connection, 0)).isFalse();
        assertThat(gate.admit(connection, SECOND - 1)).isFalse();
        assertThat(gate.admit(connection, SECOND)).isTrue();
        assertThat(gate.admit(connection, SECOND)).isFalse();
    }

    @Test
    void a_flood_does_not_push_back_the_next_turn() {
        gate.opened(connection, 0);
        for (int i = 0; i < 10_000; i++) {
            gate.admit(connection, 0);
        }

        assertThat(gate.admit(connection, SECOND)).isTrue();
    }

    @Test
    void a_connection_that_is_over_pushes_nothing() {
        gate.opened(connection, 0);

        gate.closed(connection);

        assertThat(gate.admit(connection, 0)).isFalse();
    }

    /** A connection of which only the identity matters. */
    private static final class Somewhere implements Connection {
        @Override
        public PeerId remotePeer() {
            return KeyPair.generate().peerId();
        }

        @Override
        public Multiaddr remoteAddress() {
            return Multiaddr.parse("/memory/somewhere");
        }

        @Override
        public Direction direction() {
            return Direction.INBOUND;
        }

        @Override
        public Link link() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int streams() {
            return 0;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public Stream open(List<ProtocolId> protocols) throws IOException {
            throw new IOException("leads nowhere");
        }

        @Override
        public void close() {}
    }
}
