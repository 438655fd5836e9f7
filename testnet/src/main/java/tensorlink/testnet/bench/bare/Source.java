package tensorlink.testnet.bench.bare;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Writes as many bytes as it is told to, as fast as the channel takes them. */
final class Source extends ChannelInboundHandlerAdapter {
    private static final int CHUNK = 64 << 10;

    private ByteBuf chunk = Unpooled.EMPTY_BUFFER;
    private final BlockingQueue<Optional<Throwable>> outcomes = new LinkedBlockingQueue<>();
    private long left;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        chunk = context.alloc().directBuffer(CHUNK).writeZero(CHUNK);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        chunk.release();
    }

    /** Begins; belongs on the event loop. */
    void send(ChannelHandlerContext context, long bytes) {
        left = bytes;
        var _ = context.write(context.alloc().buffer(Long.BYTES).writeLong(bytes));
        pump(context);
    }

    /** Waits until the other side has everything. */
    void await() throws IOException, InterruptedException {
        var failure = outcomes.take();
        if (failure.isPresent()) {
            throw new IOException("the transfer broke off", failure.get());
        }
    }

    private void pump(ChannelHandlerContext context) {
        while (left > 0 && context.channel().isWritable()) {
            int count = (int) Math.min(left, CHUNK);
            left -= count;
            var _ = context.write(chunk.retainedSlice(0, count));
        }
        context.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (left > 0) {
            pump(context);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ReferenceCountUtil.release(message);
        outcomes.add(Optional.empty());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        outcomes.add(Optional.of(new IOException("closed by the other side")));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        outcomes.add(Optional.of(cause));
    }
}
