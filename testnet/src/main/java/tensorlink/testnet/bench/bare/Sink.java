package tensorlink.testnet.bench.bare;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Drops what comes, and says when all of it has. */
final class Sink extends ChannelInboundHandlerAdapter {
    private int headBytes;
    private long head;
    private long left;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var bytes = (ByteBuf) message;
        try {
            while (bytes.isReadable()) {
                take(context, bytes);
            }
        } finally {
            bytes.release();
        }
    }

    private void take(ChannelHandlerContext context, ByteBuf bytes) {
        if (headBytes < Long.BYTES) {
            head = head << Byte.SIZE | bytes.readUnsignedByte();
            headBytes++;
            left = head;
        } else {
            int count = (int) Math.min(left, bytes.readableBytes());
            bytes.skipBytes(count);
            left -= count;
        }
        if (headBytes == Long.BYTES && left == 0) {
            headBytes = 0;
            head = 0;
            var _ = context.writeAndFlush(context.alloc().buffer(1).writeByte(1));
        }
    }
}
