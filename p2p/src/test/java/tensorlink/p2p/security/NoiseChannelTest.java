package tensorlink.p2p.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;

class NoiseChannelTest {
    private static final byte[] NOTHING = new byte[0];

    private final KeyPair aliceKey = KeyPair.generate();
    private final KeyPair bobKey = KeyPair.generate();
    private final Side alice = new Side();
    private final Side bob = new Side();

    @AfterEach
    void release() {
        alice.channel.finishAndReleaseAll();
        bob.channel.finishAndReleaseAll();
    }

    @Test
    void both_sides_prove_themselves_and_agree_on_the_dialling_sides_first_common_muxer() {
        connect(List.of("/x", "/y", "/z"), List.of("/z", "/y"), 1_000_000);

        assertThat(alice.secured).isEqualTo(new Secured(bobKey.publicKey(), Optional.of("/y")));
        assertThat(bob.secured).isEqualTo(new Secured(aliceKey.publicKey(), Optional.of("/y")));
    }

    @Test
    void without_a_common_muxer_none_is_agreed() {
        connect(List.of("/x"), List.of(), 1_000_000);

        assertThat(alice.secured).isEqualTo(new Secured(bobKey.publicKey(), Optional.empty()));
        assertThat(bob.secured).isEqualTo(new Secured(aliceKey.publicKey(), Optional.empty()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 17, 1000})
    void how_the_network_cuts_the_bytes_makes_no_difference(int pieces) {
        connect(List.of("/y"), List.of("/y"), pieces);
        var data = random(2000 + 100 * pieces);

        alice.channel.writeOutbound(Unpooled.wrappedBuffer(data));
        carry(alice, bob, pieces);

        assertThat(bob.received.toByteArray()).isEqualTo(data);
    }

    @Test
    void data_right_behind_the_last_handshake_message_is_delivered() {
        alice.channel = channel(Direction.OUTBOUND, aliceKey, List.of("/y"), alice);
        bob.channel = channel(Direction.INBOUND, bobKey, List.of("/y"), bob);
        carry(alice, bob, 1_000_000);
        carry(bob, alice, 1_000_000);
        alice.channel.writeOutbound(Unpooled.wrappedBuffer(new byte[] {1, 2, 3}));

        carry(alice, bob, 1_000_000);

        assertThat(bob.received.toByteArray()).containsExactly(1, 2, 3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 65_518, 65_519, 65_520, 131_038, 131_039, 200_000})
    void buffers_of_any_length_arrive_whole(int length) {
        connect(List.of(), List.of(), 1_000_000);
        var data = random(length);

        alice.channel.writeOutbound(Unpooled.wrappedBuffer(data));
        int messages = alice.channel.outboundMessages().size();
        carry(alice, bob, 1_000_000);

        assertThat(bob.received.toByteArray()).isEqualTo(data);
        assertThat(messages).isEqualTo((length + 65_518) / 65_519);
    }

    @Test
    void a_buffer_with_room_around_it_is_sealed_where_it_is() {
        connect(List.of(), List.of(), 1_000_000);
        var data = random(1000);
        var buffer = FrameRoom.NOISE.allocate(PooledByteBufAllocator.DEFAULT, data.length);
        buffer.writeBytes(data);
        var array = buffer.array();

        alice.channel.writeOutbound(buffer);
        ByteBuf sealed = alice.channel.readOutbound();

        assertThat(sealed.array()).isSameAs(array);
        bob.channel.writeInbound(sealed);
        assertThat(bob.received.toByteArray()).isEqualTo(data);
    }

    @Test
    void a_buffer_that_somebody_else_holds_too_is_left_as_it_was() {
        connect(List.of(), List.of(), 1_000_000);
        var data = random(1000);
        var buffer = FrameRoom.NOISE.allocate(PooledByteBufAllocator.DEFAULT, data.length);
        buffer.writeBytes(data);

        alice.channel.writeOutbound(buffer.retain());
        carry(alice, bob, 1_000_000);

        assertThat(ByteBufUtil.getBytes(buffer)).isEqualTo(data);
        assertThat(bob.received.toByteArray()).isEqualTo(data);
        buffer.release();
    }

    @Test
    void direct_buffers_work_as_well() {
        connect(List.of(), List.of(), 1_000_000);
        var data = random(3000);
        var direct = PooledByteBufAllocator.DEFAULT.directBuffer(data.length).writeBytes(data);

        alice.channel.writeOutbound(direct);
        for (ByteBuf next; (next = alice.channel.readOutbound()) != null; next.release()) {
            bob.channel.writeInbound(
                    PooledByteBufAllocator.DEFAULT
                            .directBuffer(next.readableBytes())
                            .writeBytes(next));
        }

        assertThat(bob.received.toByteArray()).isEqualTo(data);
    }

    @Test
    void an_empty_message_is_legal_and_delivers_nothing() {
        connect(List.of(), List.of(), 1_000_000);

        alice.channel.writeOutbound(Unpooled.wrappedBuffer(NOTHING));
        carry(alice, bob, 1_000_000);
        alice.channel.writeOutbound(Unpooled.wrappedBuffer(new byte[] {7}));
        carry(alice, bob, 1_000_000);

        assertThat(bob.received.toByteArray()).containsExactly(7);
    }

    @Test
    void a_changed_bit_ends_the_channel_without_a_byte_of_that_message() {
        connect(List.of(), List.of(), 1_000_000);
        alice.channel.writeOutbound(Unpooled.wrappedBuffer(random(100)));
        ByteBuf sealed = alice.channel.readOutbound();
        sealed.setByte(50, sealed.getByte(50) ^ 1);

        assertThatThrownBy(() -> bob.channel.writeInbound(sealed))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("not authentic");
        assertThat(bob.received.size()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15})
    void a_ciphertext_shorter_than_its_tag_ends_the_channel(int length) {
        connect(List.of(), List.of(), 1_000_000);

        assertThatThrownBy(() ->
                        bob.channel.writeInbound(
                                Unpooled.buffer().writeShort(length).writeZero(length)))
                .isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("ciphertext of " + length + " bytes");
    }

    @Test
    void a_message_replayed_ends_the_channel() {
        connect(List.of(), List.of(), 1_000_000);
        alice.channel.writeOutbound(Unpooled.wrappedBuffer(random(10)));
        ByteBuf sealed = alice.channel.readOutbound();
        bob.channel.writeInbound(sealed.copy());

        assertThatThrownBy(() -> bob.channel.writeInbound(sealed))
                .isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void a_half_message_is_freed_when_the_channel_ends() {
        connect(List.of(), List.of(), 1_000_000);
        bob.channel.writeInbound(Unpooled.buffer().writeShort(60_000).writeZero(10));

        bob.channel.close().syncUninterruptibly();

        assertThat(bob.received.size()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {4193, 65_535})
    void a_handshake_message_past_its_limit_is_refused_by_its_length(int length) {
        bob.channel = channel(Direction.INBOUND, bobKey, List.of(), bob);

        assertThatThrownBy(() -> bob.channel.writeInbound(Unpooled.buffer().writeShort(length)))
                .isInstanceOf(DecoderException.class)
                .hasCauseInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("limit 4192");
    }

    @Test
    void after_a_failed_handshake_nothing_more_is_taken() {
        bob.channel = channel(Direction.INBOUND, bobKey, List.of(), bob);
        assertThatThrownBy(() -> bob.channel.writeInbound(Unpooled.buffer().writeShort(0)))
                .hasCauseInstanceOf(ProtocolViolation.class);

        bob.channel.writeInbound(Unpooled.buffer().writeShort(32).writeBytes(random(32)));

        assertThat(bob.secured).isNull();
        assertThat(bob.channel.outboundMessages()).isEmpty();
    }

    private void connect(List<String> aliceMuxers, List<String> bobMuxers, int pieces) {
        alice.channel = channel(Direction.OUTBOUND, aliceKey, aliceMuxers, alice);
        bob.channel = channel(Direction.INBOUND, bobKey, bobMuxers, bob);
        carry(alice, bob, pieces);
        carry(bob, alice, pieces);
        carry(alice, bob, pieces);
    }

    private static EmbeddedChannel channel(
            Direction direction, KeyPair identity, List<String> muxers, Side side) {
        return new EmbeddedChannel(new Noise(identity, muxers).handshake(direction, side));
    }

    /** Moves what one side wrote to the other, cut into pieces of so many bytes. */
    private static void carry(Side from, Side to, int pieces) {
        for (ByteBuf next; (next = from.channel.readOutbound()) != null; next.release()) {
            while (next.isReadable()) {
                to.channel.writeInbound(next.readBytes(Math.min(pieces, next.readableBytes())));
            }
        }
    }

    private static byte[] random(int length) {
        var bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** One end: what its handshake proved and what came through its channel. */
    private static final class Side extends ChannelInboundHandlerAdapter implements Security.Next {
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private EmbeddedChannel channel = new EmbeddedChannel();
        private @Nullable Secured secured;

        @Override
        public void secured(ChannelHandlerContext encrypted, Secured result) {
            secured = result;
            encrypted.pipeline().addAfter(encrypted.name(), "side", this);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            var bytes = (ByteBuf) message;
            received.writeBytes(ByteBufUtil.getBytes(bytes));
            bytes.release();
        }
    }
}
