package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static tensorlink.p2p.gossip.Cast.TOPIC;
import static tensorlink.p2p.gossip.Cast.message;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What waits for a peer: what goes first, and what goes overboard. */
class OutboundQueueTest {
    private static final int RPC_BYTES = 64 << 10;
    private static final Rpc GRAFT = Rpc.grafting(TOPIC);

    private final OutboundQueue queue = new OutboundQueue(2);

    private static GossipMessage large(int number) {
        return GossipMessage.unsigned(TOPIC, ByteString.copyFrom(new byte[30_000 + number % 100]));
    }

    private Rpc take() throws InterruptedException {
        return queue.take().orElseThrow();
    }

    @Test
    void small_things_travel_together_the_most_important_first() throws InterruptedException {
        queue.offer(Rpc.of(new Rpc.Have(TOPIC, List.of(ByteString.copyFromUtf8("id")))), false);
        queue.offer(Rpc.of(message("passed on")), false);
        queue.offer(Rpc.of(message("own")), true);
        queue.offer(GRAFT, false);

        var rpc = take();

        assertThat(rpc.grafts()).containsExactly(TOPIC);
        assertThat(rpc.messages()).containsExactly(message("own"), message("passed on"));
        assertThat(rpc.haves()).hasSize(1);
    }

    @Test
    void one_rpc_holds_64_kib_and_a_longer_message_goes_alone() throws InterruptedException {
        var longer = GossipMessage.unsigned(TOPIC, ByteString.copyFrom(new byte[100_000]));
        queue.offer(Rpc.of(longer), false);
        queue.offer(Rpc.of(message("small")), true);

        assertThat(take().messages()).containsExactly(message("small"));
        assertThat(take().messages()).containsExactly(longer);
    }

    @Test
    void control_is_split_into_rpcs_of_16_kib_that_everybody_reads() throws InterruptedException {
        var ids = new ArrayList<ByteString>();
        for (int i = 0; i < 1000; i++) {
            ids.add(ByteString.copyFromUtf8("%040d".formatted(i)));
        }
        queue.offer(Rpc.of(new Rpc.Have(TOPIC, ids)), false);
        var codec = new RpcCodec(SignaturePolicy.STRICT_SIGN, GossipLimits.defaults());
        var received = new ArrayList<ByteString>();

        while (received.size() < ids.size()) {
            var rpc = take();
            assertThat(codec.encode(rpc).size()).isLessThanOrEqualTo(16 << 10);
            for (var have : rpc.haves()) {
                received.addAll(have.ids());
            }
        }

        assertThat(received).isEqualTo(ids);
    }

    @Test
    void a_full_queue_drops_gossip_first_then_what_is_passed_on_then_our_own()
            throws InterruptedException {
        queue.offer(Rpc.wanting(List.of(ByteString.copyFromUtf8("id"))), false);
        for (int i = 0; i < 4; i++) {
            queue.offer(Rpc.of(large(i)), false);
        }
        queue.offer(Rpc.of(large(10)), true);
        assertThat(queue.offer(GRAFT, false)).isTrue();

        var sent = new ArrayList<Rpc>(List.of(take(), take()));

        assertThat(sent.getFirst().grafts()).hasSize(1);
        assertThat(sent.getFirst().messages()).containsExactly(large(10), large(1));
        assertThat(sent.get(1).messages()).containsExactly(large(2), large(3));
        assertThat(sent.get(1).wants()).isEmpty();
    }

    @Test
    void a_message_that_is_passed_on_does_not_push_out_another() throws InterruptedException {
        for (int i = 0; i < 6; i++) {
            queue.offer(Rpc.of(large(i)), false);
        }

        assertThat(take().messages()).containsExactly(large(0), large(1));
        assertThat(take().messages()).containsExactly(large(2), large(3));
    }

    @Test
    void a_peer_that_does_not_even_take_control_is_told_apart() {
        var long1 = new Rpc.Prune("x".repeat(200), List.of(), 60);
        boolean fits = true;
        int count = 0;
        while (fits && count < 10_000) {
            fits = queue.offer(Rpc.of(long1), false);
            count++;
        }

        assertThat(fits).isFalse();
        assertThat(count).isBetween(2 * RPC_BYTES / 300, 2 * RPC_BYTES / 200);
    }

    @Test
    void a_closed_queue_gives_nothing_more() throws InterruptedException {
        queue.offer(GRAFT, false);

        queue.close();

        assertThat(queue.take()).isEmpty();
    }
}
