package tensorlink.p2p.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ManualScheduler;

class AddressProofTest {
    private static final InetSocketAddress HERE = new InetSocketAddress("192.0.2.1", 4001);

    private final ManualScheduler scheduler = new ManualScheduler();
    private final AddressProof strict = new AddressProof(0, scheduler);

    @Test
    void a_token_is_good_where_it_was_sent_to_and_carries_the_connection_id() {
        var token = token(strict, "first id");

        int at = strict.validateToken(token, HERE);

        assertThat(token.toString(at, token.readableBytes() - at, StandardCharsets.US_ASCII))
                .isEqualTo("first id");
    }

    @Test
    void a_token_is_no_good_from_another_address_or_port() {
        var token = token(strict, "first id");

        assertThat(strict.validateToken(token, new InetSocketAddress("192.0.2.2", 4001)))
                .isEqualTo(-1);
        assertThat(strict.validateToken(token, new InetSocketAddress("192.0.2.1", 4002)))
                .isEqualTo(-1);
    }

    @Test
    void a_token_lives_ten_seconds() {
        var token = token(strict, "first id");

        scheduler.advance(AddressProof.LIFETIME);
        assertThat(strict.validateToken(token, HERE)).isPositive();
        scheduler.advance(Duration.ofNanos(1));

        assertThat(strict.validateToken(token, HERE)).isEqualTo(-1);
    }

    @Test
    void no_bit_of_a_token_may_be_changed() {
        var token = token(strict, "first id");

        for (int bit = 0; bit < 8 * token.readableBytes(); bit++) {
            var changed = token.copy();
            changed.setByte(bit / 8, changed.getByte(bit / 8) ^ 1 << bit % 8);

            assertThat(strict.validateToken(changed, HERE)).as("bit %d", bit).isEqualTo(-1);
        }
    }

    @Test
    void tokens_of_others_too_short_and_too_long_are_no_good() {
        var token = token(strict, "first id");

        assertThat(new AddressProof(0, scheduler).validateToken(token, HERE)).isEqualTo(-1);
        for (int length = 0; length < token.readableBytes(); length++) {
            assertThat(strict.validateToken(token.slice(0, length), HERE))
                    .as("%d bytes", length)
                    .isEqualTo(-1);
        }
        assertThat(strict.validateToken(Unpooled.wrappedBuffer(token, token), HERE)).isEqualTo(-1);
    }

    @Test
    void proof_is_asked_for_only_while_too_many_handshakes_are_under_way() {
        var proof = new AddressProof(2, scheduler);
        var first = new EmbeddedChannel(proof.begins());
        assertThat(asks(proof)).isFalse();
        var second = new EmbeddedChannel(proof.begins());
        assertThat(asks(proof)).isTrue();

        first.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
        assertThat(asks(proof)).isFalse();
        var _ = second.close();

        assertThat(proof.underWay()).isZero();
        var _ = first.close();
        assertThat(proof.underWay()).isZero();
    }

    private static ByteBuf token(AddressProof proof, String id) {
        var token = Unpooled.buffer(proof.maxTokenLength());
        assertThat(proof.writeToken(token, id(id), HERE)).isTrue();
        return token;
    }

    private static boolean asks(AddressProof proof) {
        return proof.writeToken(Unpooled.buffer(proof.maxTokenLength()), id("id"), HERE);
    }

    private static ByteBuf id(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }
}
