package tensorlink.p2p;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A channel for the handlers of a {@link BadInput}: feeds them pieces, keeps what they pass on and
 * what they send, and knows whether a buffer was lost. As on a real connection, the first failure
 * closes it.
 */
public final class Wire implements AutoCloseable {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final ByteArrayOutputStream passedOn = new ByteArrayOutputStream();
    private @Nullable IOException failure;

    /** A wire into a pipeline of these handlers. */
    public Wire(ChannelHandler... handlers) {
        channel.config().setAllocator(allocator);
        channel.pipeline().addLast(handlers).addLast(new Ear());
    }

    /** Feeds all pieces, or those before the first failure. */
    public void receive(List<byte[]> pieces) {
        for (var piece : pieces) {
            if (channel.isOpen()) {
                channel.writeInbound(allocator.heapBuffer(piece.length + 1).writeBytes(piece));
                channel.runPendingTasks();
            }
        }
    }

    public EmbeddedChannel channel() {
        return channel;
    }

    /** What reached the end of the pipeline. */
    public byte[] passedOn() {
        return passedOn.toByteArray();
    }

    /** What the handlers sent, in hexadecimal. */
    public String sent() {
        channel.runPendingTasks();
        var all = new StringBuilder();
        for (Object next; (next = channel.readOutbound()) != null; ) {
            var bytes = (ByteBuf) next;
            all.append(ByteBufUtil.hexDump(bytes));
            bytes.release();
        }
        return all.toString();
    }

    /** The refusal, or what else the handlers made of it, and what they passed on. */
    public String outcome(String understood) {
        var reason = failure == null ? understood : BadInput.refusal(failure);
        int length = passedOn.size();
        var bytes = passedOn.toByteArray();
        var shown =
                length <= 16
                        ? HexFormat.of().formatHex(bytes)
                        : "%08x".formatted(Arrays.hashCode(bytes));
        return length == 0 ? reason : reason + "; passed on %d bytes %s".formatted(length, shown);
    }

    /** States that no buffer was lost. */
    @Override
    public void close() {
        channel.finishAndReleaseAll();
        BadInput.assertNothingHeld(allocator);
    }

    private final class Ear extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            var bytes = (ByteBuf) message;
            passedOn.writeBytes(ByteBufUtil.getBytes(bytes));
            bytes.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            var reason = cause instanceof DecoderException wrapped ? wrapped.getCause() : cause;
            if (!(reason instanceof IOException typed)) {
                context.fireExceptionCaught(cause);
                return;
            }
            if (failure == null) {
                failure = typed;
            }
            var _ = context.close();
        }
    }
}
