package tensorlink.p2p.negotiate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static tensorlink.p2p.negotiate.NegotiationTest.messages;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.UnsupportedProtocolException;

class NegotiationHandlerTest {
    private final Sink sink = new Sink();

    @Test
    void bytes_glued_to_the_last_message_reach_the_agreed_protocol_however_they_are_cut() {
        var input =
                messages("/multistream/1.0.0", "/x/1", "/b/1")
                        .concat(ByteString.copyFromUtf8("application data"));
        for (int first = 0; first <= input.size(); first++) {
            for (int second = first; second <= input.size(); second += 7) {
                var sink = new Sink();
                var channel = answering(sink);

                channel.writeInbound(buffer(input.substring(0, first)));
                channel.writeInbound(buffer(input.substring(first, second)));
                channel.writeInbound(buffer(input.substring(second)));

                assertThat(sink.protocol).isEqualTo("/b/1");
                assertThat(sink.received.toByteString().toStringUtf8())
                        .as("cut at %d and %d", first, second)
                        .isEqualTo("application data");
                assertThat(written(channel))
                        .isEqualTo(messages("/multistream/1.0.0", "na", "/b/1"));
                channel.finishAndReleaseAll();
            }
        }
    }

    @Test
    void answers_to_what_arrives_together_leave_in_one_write() {
        var channel = answering(sink);

        channel.writeInbound(buffer(messages("/multistream/1.0.0", "/b/1")));

        assertThat(channel.outboundMessages()).hasSize(1);
        channel.finishAndReleaseAll();
    }

    @Test
    void the_proposer_writes_at_once_and_passes_on_what_follows() {
        var channel =
                new EmbeddedChannel(NegotiationHandler.propose(List.of("/a/1", "/b/1"), sink));
        assertThat(written(channel)).isEqualTo(messages("/multistream/1.0.0", "/a/1"));

        channel.writeInbound(buffer(messages("/multistream/1.0.0", "na")));
        assertThat(written(channel)).isEqualTo(messages("/b/1"));
        channel.writeInbound(buffer(messages("/b/1").concat(ByteString.copyFromUtf8("hello"))));

        assertThat(sink.protocol).isEqualTo("/b/1");
        assertThat(sink.received.toByteString().toStringUtf8()).isEqualTo("hello");
        channel.finishAndReleaseAll();
    }

    @Test
    void a_proposer_whose_every_protocol_is_refused_fails_with_their_names() {
        var channel = new EmbeddedChannel(NegotiationHandler.propose(List.of("/a/1"), sink));

        assertThatThrownBy(() -> channel.writeInbound(buffer(messages("/multistream/1.0.0", "na"))))
                .isInstanceOf(DecoderException.class)
                .hasCauseInstanceOf(UnsupportedProtocolException.class)
                .hasMessageContaining("/a/1");
        channel.finishAndReleaseAll();
    }

    @Test
    void after_a_violation_nothing_more_is_taken_or_answered() {
        var channel = answering(sink);
        assertThatThrownBy(() -> channel.writeInbound(buffer(messages("hello"))))
                .hasCauseInstanceOf(ProtocolViolation.class);

        channel.writeInbound(buffer(messages("/multistream/1.0.0", "/b/1")));

        assertThat(sink.protocol).isEmpty();
        assertThat(written(channel)).isEmpty();
        channel.finishAndReleaseAll();
    }

    private static EmbeddedChannel answering(Sink sink) {
        return new EmbeddedChannel(NegotiationHandler.answer(List.of("/b/1"), sink));
    }

    private static ByteBuf buffer(ByteString bytes) {
        return Unpooled.copiedBuffer(bytes.toByteArray());
    }

    private static ByteString written(EmbeddedChannel channel) {
        var all = ByteString.newOutput();
        for (ByteBuf next; (next = channel.readOutbound()) != null; next.release()) {
            for (byte value : ByteBufUtil.getBytes(next)) {
                all.write(value);
            }
        }
        return all.toByteString();
    }

    /** Notes what was agreed and collects what comes after it. */
    private static final class Sink extends ChannelInboundHandlerAdapter
            implements NegotiationHandler.Next {
        private final ByteString.Output received = ByteString.newOutput();
        private String protocol = "";

        @Override
        public void agreed(ChannelHandlerContext context, String agreed) {
            protocol = agreed;
            context.pipeline().addAfter(context.name(), "sink", this);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            var bytes = (ByteBuf) message;
            while (bytes.isReadable()) {
                received.write(bytes.readByte());
            }
            bytes.release();
        }
    }
}
