package tensorlink.p2p.security;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** The room that a buffer needs around its content so that a security channel need not copy it. */
public final class Headroom {
    /** Free bytes before the content. */
    public static final int FRONT = NoiseChannel.LENGTH_BYTES;

    /** Free bytes after the content. */
    public static final int BACK = CipherState.TAG_BYTES;

    /** The longest content that makes a single encrypted message. */
    public static final int CONTENT_BYTES_MAX = NoiseChannel.PLAINTEXT_BYTES_MAX;

    private Headroom() {}

    /** An empty heap buffer for {@code bytes} of content with room around it. */
    public static ByteBuf allocate(ByteBufAllocator allocator, int bytes) {
        int capacity = FRONT + bytes + BACK;
        return allocator.heapBuffer(capacity, capacity).setIndex(FRONT, FRONT);
    }
}
