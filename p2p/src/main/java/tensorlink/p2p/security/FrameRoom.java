package tensorlink.p2p.security;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;

/**
 * What a secured channel wants of the buffers that are written to it, so that it need not copy
 * them. Others are taken as well.
 */
public enum FrameRoom {
    /**
     * An array with free bytes around the content: Noise encrypts where it is. The longest buffer
     * is 64 KiB, one byte short of the longest message, because memory is pooled in such sizes.
     */
    NOISE(
            NoiseChannel.LENGTH_BYTES,
            CipherState.TAG_BYTES,
            65_536 - NoiseChannel.LENGTH_BYTES - CipherState.TAG_BYTES) {
        @Override
        ByteBuf buffer(ByteBufAllocator allocator, int capacity) {
            return allocator.heapBuffer(capacity, capacity);
        }
    },

    /** Memory outside the heap, for four full TLS records: BoringSSL reads where it is. */
    TLS(0, 0, 4 * 16_384) {
        @Override
        ByteBuf buffer(ByteBufAllocator allocator, int capacity) {
            return allocator.directBuffer(capacity, capacity);
        }
    };

    private final int front;
    private final int back;
    private final int contentBytesMax;

    FrameRoom(int front, int back, int contentBytesMax) {
        this.front = front;
        this.back = back;
        this.contentBytesMax = contentBytesMax;
    }

    /** What is written right behind {@code secured} should be. */
    public static FrameRoom behind(ChannelHandlerContext secured) {
        return secured.handler() instanceof SslHandler ? TLS : NOISE;
    }

    /** The content of the largest buffer that suits. */
    public int contentBytesMax() {
        return contentBytesMax;
    }

    /** An empty buffer for {@code bytes} of content. */
    public ByteBuf allocate(ByteBufAllocator allocator, int bytes) {
        return buffer(allocator, front + bytes + back).setIndex(front, front);
    }

    abstract ByteBuf buffer(ByteBufAllocator allocator, int capacity);
}
