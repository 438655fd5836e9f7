package tensorlink.p2p.security;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * An established Noise channel: frames of a two-byte length and a ciphertext of at most 65,535
 * bytes.
 *
 * <p>Every buffer written becomes one message, so what is written decides the framing; longer
 * buffers are cut. A buffer as of {@link FrameRoom#NOISE}, owned by nobody else, is encrypted where
 * it is; any other is copied once. Incoming bytes are copied once from the socket's buffer and
 * decrypted where they then are: the JDK's cipher is fastest on arrays.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the promise given with each write is what counts
final class NoiseChannel extends ChannelDuplexHandler {
    static final String NAME = "noise";
    static final int LENGTH_BYTES = 2;

    static final int PLAINTEXT_BYTES_MAX = 65_535 - CipherState.TAG_BYTES;

    private final CipherState sending;
    private final CipherState receiving;

    /** The incoming message of which some bytes are here; its capacity is its length. */
    private @Nullable ByteBuf message;

    /** The first byte of a length whose second is not here yet, or -1. */
    private int lengthStart = -1;

    NoiseChannel(CipherState sending, CipherState receiving) {
        this.sending = sending;
        this.receiving = receiving;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object received)
            throws ProtocolViolation {
        var input = (ByteBuf) received;
        try {
            while (input.isReadable()) {
                if (message == null) {
                    readLength(context, input);
                } else {
                    message.writeBytes(
                            input, Math.min(input.readableBytes(), message.writableBytes()));
                }
                if (message != null && !message.isWritable()) {
                    deliver(context, message);
                }
            }
        } finally {
            input.release();
        }
    }

    private void readLength(ChannelHandlerContext context, ByteBuf input) throws ProtocolViolation {
        if (lengthStart < 0) {
            lengthStart = input.readUnsignedByte();
            return;
        }
        int length = (lengthStart << 8) | input.readUnsignedByte();
        lengthStart = -1;
        if (length < CipherState.TAG_BYTES) {
            throw new ProtocolViolation(
                    "Noise ciphertext of "
                            + length
                            + " bytes, expected at least "
                            + CipherState.TAG_BYTES);
        }
        message = context.alloc().heapBuffer(length, length);
    }

    private void deliver(ChannelHandlerContext context, ByteBuf whole) throws ProtocolViolation {
        message = null;
        boolean delivered = false;
        try {
            int length =
                    receiving.decrypt(whole.array(), whole.arrayOffset(), whole.readableBytes());
            if (length > 0) {
                whole.writerIndex(length);
                delivered = true;
                context.fireChannelRead(whole);
            }
        } finally {
            if (!delivered) {
                whole.release();
            }
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        release();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        release();
        context.fireChannelInactive();
    }

    private void release() {
        if (message != null) {
            message.release();
            message = null;
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object sent, ChannelPromise promise)
            throws ProtocolViolation {
        var content = (ByteBuf) sent;
        if (content.readableBytes() > PLAINTEXT_BYTES_MAX) {
            writeInParts(context, content, promise);
        } else if (canSealInPlace(content)) {
            context.write(seal(content), promise);
        } else {
            context.write(sealCopy(context, content), promise);
            content.release();
        }
    }

    private void writeInParts(
            ChannelHandlerContext context, ByteBuf content, ChannelPromise promise)
            throws ProtocolViolation {
        try {
            while (content.readableBytes() > PLAINTEXT_BYTES_MAX) {
                var part = content.readSlice(PLAINTEXT_BYTES_MAX);
                context.write(sealCopy(context, part), context.voidPromise());
            }
            context.write(sealCopy(context, content), promise);
        } finally {
            content.release();
        }
    }

    private static boolean canSealInPlace(ByteBuf content) {
        return content.hasArray()
                && content.refCnt() == 1
                && content.readerIndex() >= LENGTH_BYTES
                && content.maxWritableBytes() >= CipherState.TAG_BYTES;
    }

    private ByteBuf sealCopy(ChannelHandlerContext context, ByteBuf content)
            throws ProtocolViolation {
        int length = content.readableBytes();
        var copy = FrameRoom.NOISE.allocate(context.alloc(), length);
        copy.writeBytes(content, content.readerIndex(), length);
        return seal(copy);
    }

    /** Encrypts in place and puts the length before it. */
    private ByteBuf seal(ByteBuf content) throws ProtocolViolation {
        int length = content.readableBytes();
        int start = content.readerIndex();
        content.ensureWritable(CipherState.TAG_BYTES);
        sending.encrypt(content.array(), content.arrayOffset() + start, length);
        content.setShort(start - LENGTH_BYTES, length + CipherState.TAG_BYTES);
        return content.setIndex(start - LENGTH_BYTES, start + length + CipherState.TAG_BYTES);
    }
}
