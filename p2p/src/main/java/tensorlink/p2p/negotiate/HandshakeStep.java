package tensorlink.p2p.negotiate;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.IOException;
import java.util.List;

/**
 * A handler that sits in the pipeline for one step of bringing a connection up. When the step is
 * done it adds its successor behind itself and leaves; bytes that it did not take go to the
 * successor. After a failure it takes nothing more: what comes then is dropped.
 */
public abstract class HandshakeStep extends ByteToMessageDecoder {
    private boolean failed;

    /** Takes what it can of {@code input}, which holds everything not yet taken. */
    protected abstract void take(ChannelHandlerContext context, ByteBuf input) throws IOException;

    @Override
    protected final void decode(ChannelHandlerContext context, ByteBuf input, List<Object> output)
            throws IOException {
        if (failed) {
            input.skipBytes(input.readableBytes());
            return;
        }
        try {
            take(context, input);
        } catch (IOException failure) {
            failed = true;
            throw failure;
        }
    }
}
