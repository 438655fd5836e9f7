package tensorlink.p2p.negotiate;

import static io.netty.channel.ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.util.List;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.negotiate.Negotiation.Progress;

/**
 * Runs a {@link Negotiation} on a channel. When it ends, the {@link Next} puts the agreed
 * protocol's handler behind this one; this one then leaves the pipeline and passes on what else it
 * had received.
 */
public final class NegotiationHandler extends HandshakeStep {
    private final Negotiation negotiation;
    private final List<String> proposals;
    private final Next next;
    private boolean opened;

    private NegotiationHandler(Negotiation negotiation, List<String> proposals, Next next) {
        this.negotiation = negotiation;
        this.proposals = proposals;
        this.next = next;
    }

    /** A handler for the side that proposes. */
    public static NegotiationHandler propose(List<String> protocols, Next next) {
        return new NegotiationHandler(Negotiation.propose(protocols), protocols, next);
    }

    /** A handler for the side that answers. */
    public static NegotiationHandler answer(List<String> protocols, Next next) {
        return new NegotiationHandler(Negotiation.answer(protocols::contains), protocols, next);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        if (context.channel().isActive()) {
            open(context);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        open(context);
        context.fireChannelActive();
    }

    /** A channel that is active when a handler is added may still announce that it became so. */
    private void open(ChannelHandlerContext context) {
        if (!opened && !negotiation.opening().isEmpty()) {
            context.writeAndFlush(buffer(negotiation.opening()))
                    .addListener(FIRE_EXCEPTION_ON_FAILURE);
        }
        opened = true;
    }

    @Override
    protected void take(ChannelHandlerContext context, ByteBuf input) throws IOException {
        var reply = ByteString.EMPTY;
        while (input.isReadable()) {
            switch (negotiation.accept(input.readByte())) {
                case Progress.Pending() -> {}
                case Progress.Send(var bytes) -> reply = reply.concat(bytes);
                case Progress.Agreed(var protocol, var bytes) -> {
                    send(context, reply.concat(bytes));
                    next.agreed(context, protocol);
                    context.pipeline().remove(this);
                    return;
                }
                case Progress.Refused() ->
                        throw new UnsupportedProtocolException(
                                "the peer supports none of " + proposals);
            }
        }
        send(context, reply);
    }

    private static void send(ChannelHandlerContext context, ByteString reply) {
        if (!reply.isEmpty()) {
            context.writeAndFlush(buffer(reply)).addListener(FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    private static ByteBuf buffer(ByteString bytes) {
        return Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer());
    }

    /** What follows an agreement. */
    @FunctionalInterface
    public interface Next {
        /** Adds the handler of {@code protocol} right behind {@code context}. */
        void agreed(ChannelHandlerContext context, String protocol);
    }
}
