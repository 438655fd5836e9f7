package tensorlink.p2p.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Resource;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.ResourceUse;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

class ResourceTreeTest {
    private static final int STREAM = StreamClaim.BYTES;
    private static final ProtocolId ECHO = ProtocolId.of("/test/echo/1.0.0");
    private static final ProtocolId OTHER = ProtocolId.of("/test/other/1.0.0");
    private static final List<PeerId> PEERS =
            List.of(
                    KeyPair.generate().peerId(),
                    KeyPair.generate().peerId(),
                    KeyPair.generate().peerId());

    /** Small enough that every limit is met. */
    private static final Limits.Resources SMALL =
            new Limits.Resources(
                    new Limits.Scope(20 * STREAM, 12, 12, 6, 6),
                    new Limits.Scope(8 * STREAM, 4, 4, 3, 3),
                    new Limits.Scope(10 * STREAM, 6, 6, 0, 0),
                    new Limits.Scope(12 * STREAM, 8, 8, 2, 2),
                    new Limits.Scope(8 * STREAM, 5, 5, 1, 1),
                    new Limits.Scope(2 * STREAM, 1, 1, 0, 0));

    private final ResourceTree tree = new ResourceTree(SMALL);

    @Test
    void a_connection_counts_as_transient_until_its_peer_is_proven() throws Exception {
        var connection = tree.connection(Direction.INBOUND);
        assertThat(used("transient", Resource.INBOUND_CONNECTIONS)).isOne();

        connection.proven(PEERS.getFirst());

        assertThat(used("transient", Resource.INBOUND_CONNECTIONS)).isZero();
        assertThat(used("peer " + PEERS.getFirst(), Resource.INBOUND_CONNECTIONS)).isOne();
        assertThat(used("system", Resource.INBOUND_CONNECTIONS)).isOne();
    }

    @Test
    void a_stream_counts_as_transient_until_its_protocol_is_agreed() throws Exception {
        var connection = proven(PEERS.getFirst());
        var stream = connection.stream(Direction.INBOUND);
        assertThat(used("transient", Resource.INBOUND_STREAMS)).isOne();

        stream.agreed(ECHO);

        assertThat(used("transient", Resource.INBOUND_STREAMS)).isZero();
        assertThat(used("protocol " + ECHO, Resource.INBOUND_STREAMS)).isOne();
        assertThat(used("protocol " + ECHO, Resource.MEMORY)).isEqualTo(STREAM);
        assertThat(used("peer " + PEERS.getFirst(), Resource.INBOUND_STREAMS)).isOne();
        assertThat(used("system", Resource.MEMORY)).isEqualTo(STREAM);
    }

    @Test
    void a_refusal_names_scope_resource_value_and_limit_and_takes_nothing() throws Exception {
        proven(PEERS.getFirst());
        proven(PEERS.getFirst());
        var third = tree.connection(Direction.INBOUND);

        assertThatThrownBy(() -> third.proven(PEERS.getFirst()))
                .isInstanceOfSatisfying(
                        ResourceLimitException.class,
                        full -> {
                            assertThat(full.scope()).isEqualTo("peer " + PEERS.getFirst());
                            assertThat(full.resource()).isEqualTo(Resource.INBOUND_CONNECTIONS);
                            assertThat(full.value()).isEqualTo(3);
                            assertThat(full.limit()).isEqualTo(2);
                        })
                .hasMessageEndingWith("would hold 3 inbound connections, limit 2");
        assertThat(used("transient", Resource.INBOUND_CONNECTIONS)).isOne();
        assertThat(used("peer " + PEERS.getFirst(), Resource.INBOUND_CONNECTIONS)).isEqualTo(2);
    }

    @Test
    void connections_that_prove_nothing_leave_room_for_those_that_have() throws Exception {
        for (int i = 0; i < 3; i++) {
            tree.connection(Direction.INBOUND);
        }

        assertThatThrownBy(() -> tree.connection(Direction.INBOUND))
                .isInstanceOf(ResourceLimitException.class)
                .hasMessage("transient would hold 4 inbound connections, limit 3");
        assertThat(used("system", Resource.INBOUND_CONNECTIONS)).isEqualTo(3);
        assertThat(used("system", Resource.OUTBOUND_CONNECTIONS)).isZero();
    }

    @Test
    void wishes_leave_a_fifth_of_the_memory_to_needs() throws Exception {
        var connection = proven(PEERS.getFirst());
        int fourFifths = 8 * STREAM / 100 * 80;

        assertThat(connection.reserve(fourFifths)).isTrue();
        assertThat(connection.reserve(1)).isFalse();

        assertThat(connection.stream(Direction.OUTBOUND)).isNotNull();
        connection.release(fourFifths);
        assertThat(connection.reserve(1)).isTrue();
    }

    @Test
    void what_is_closed_gives_back_all_once_and_takes_no_more() throws Exception {
        var connection = proven(PEERS.getFirst());
        var stream = connection.stream(Direction.INBOUND);
        connection.reserve(1000);

        stream.close();
        stream.close();
        stream.agreed(ECHO);
        connection.close();
        connection.reserve(1000);
        connection.release(1000);

        assertThat(tree.use()).allMatch(use -> use.used() == 0).hasSize(10);
    }

    @Test
    void giving_back_more_than_is_held_is_a_bug() throws Exception {
        var connection = proven(PEERS.getFirst());
        connection.reserve(10);

        assertThatThrownBy(() -> connection.release(11)).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatever_happens_no_limit_is_exceeded_and_all_comes_back(long seed) {
        var script = new Script(tree, new Random(seed));

        for (int i = 0; i < 5000; i++) {
            script.step();
            assertThat(tree.use())
                    .as("seed %d step %d", seed, i)
                    .allMatch(use -> use.used() >= 0 && use.used() <= use.limit());
        }
        script.closeAll();

        assertThat(tree.use()).as("seed %d", seed).allMatch(use -> use.used() == 0).hasSize(10);
    }

    @Test
    void many_threads_at_once_exceed_nothing_and_all_comes_back() throws Exception {
        var threads = new ArrayList<FutureTask<Boolean>>();
        for (int seed = 0; seed < 8; seed++) {
            var script = new Script(tree, new Random(seed));
            Callable<Boolean> body =
                    () -> {
                        boolean isWithin = true;
                        for (int i = 0; i < 5000; i++) {
                            script.step();
                            for (var use : tree.use()) {
                                isWithin &= use.used() >= 0 && use.used() <= use.limit();
                            }
                        }
                        script.closeAll();
                        return isWithin;
                    };
            var task = new FutureTask<>(body);
            threads.add(task);
            Thread.ofPlatform().start(task);
        }

        for (var thread : threads) {
            assertThat(thread.get()).isTrue();
        }
        assertThat(tree.use()).allMatch(use -> use.used() == 0).hasSize(10);
    }

    @ParameterizedTest
    @ValueSource(longs = {64 << 20, 256 << 20, 1L << 30, 16L << 30, 1L << 40})
    void the_limits_of_any_machine_fit_into_each_other(long memory) {
        var limits = Limits.Resources.of(memory);

        assertThat(limits.system().memoryBytes())
                .isLessThanOrEqualTo(Math.max(64 << 20, memory / 2));
        assertThat(limits.transients().memoryBytes()).isLessThan(limits.system().memoryBytes());
        assertThat(limits.peer().memoryBytes()).isLessThan(limits.system().memoryBytes());
        assertThat(limits.connection().memoryBytes())
                .isLessThanOrEqualTo(limits.peer().memoryBytes());
        assertThat(limits.transients().inboundStreams())
                .isLessThan(limits.system().inboundStreams());
        assertThat(limits.peer().inboundConnections())
                .isLessThan(limits.system().inboundConnections());
    }

    private ConnectionClaim proven(PeerId peer) throws ResourceLimitException {
        var connection = tree.connection(Direction.INBOUND);
        connection.proven(peer);
        return connection;
    }

    private long used(String scope, Resource resource) {
        for (ResourceUse use : tree.use()) {
            if (use.scope().equals(scope) && use.resource() == resource) {
                return use.used();
            }
        }
        throw new AssertionError("no scope " + scope);
    }

    /** One that opens, moves, grows and closes at random, as far as it may. */
    private static final class Script {
        private final ResourceTree tree;
        private final Random random;
        private final List<ConnectionClaim> fresh = new ArrayList<>();
        private final List<ConnectionClaim> proven = new ArrayList<>();
        private final List<StreamClaim> negotiating = new ArrayList<>();
        private final List<Claim> all = new ArrayList<>();

        Script(ResourceTree tree, Random random) {
            this.tree = tree;
            this.random = random;
        }

        void step() {
            try {
                switch (random.nextInt(7)) {
                    case 0 -> keep(fresh, tree.connection(direction()));
                    case 1 -> prove();
                    case 2, 3 -> open();
                    case 4 -> agree();
                    case 5 -> grow();
                    default -> close();
                }
            } catch (ResourceLimitException full) {
                if (random.nextInt(3) == 0) {
                    close();
                }
            }
        }

        private Direction direction() {
            return random.nextBoolean() ? Direction.INBOUND : Direction.OUTBOUND;
        }

        private <C extends Claim> void keep(List<C> list, C claim) {
            list.add(claim);
            all.add(claim);
        }

        private void prove() throws ResourceLimitException {
            if (!fresh.isEmpty()) {
                var connection = fresh.removeLast();
                connection.proven(PEERS.get(random.nextInt(PEERS.size())));
                proven.add(connection);
            }
        }

        private void open() throws ResourceLimitException {
            if (!proven.isEmpty()) {
                var connection = proven.get(random.nextInt(proven.size()));
                keep(negotiating, connection.stream(direction()));
            }
        }

        private void agree() throws ResourceLimitException {
            if (!negotiating.isEmpty()) {
                negotiating.removeLast().agreed(random.nextBoolean() ? ECHO : OTHER);
            }
        }

        private void grow() {
            if (!proven.isEmpty()) {
                var connection = proven.get(random.nextInt(proven.size()));
                int bytes = random.nextInt(STREAM);
                if (connection.reserve(bytes) && random.nextBoolean()) {
                    connection.release(bytes);
                }
            }
        }

        private void close() {
            if (!all.isEmpty()) {
                all.remove(random.nextInt(all.size())).close();
            }
        }

        void closeAll() {
            for (var claim : all) {
                claim.close();
            }
        }
    }
}
