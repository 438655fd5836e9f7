package tensorlink.testnet.bench.bare;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.LinkedHashSet;
import java.util.List;

/** What Netty's allocators hold outside of the heap. */
public final class NettyMemory {
    private NettyMemory() {}

    /** Bytes of direct memory of this process, with what the pools keep for later. */
    public static long directBytes() {
        long bytes = 0;
        for (var allocator :
                new LinkedHashSet<>(
                        List.of(PooledByteBufAllocator.DEFAULT, ByteBufAllocator.DEFAULT))) {
            if (allocator instanceof ByteBufAllocatorMetricProvider provider) {
                bytes += provider.metric().usedDirectMemory();
            }
        }
        return bytes;
    }

    /** Bytes of the pool's direct buffers that are in use. */
    public static long pinnedBytes() {
        return PooledByteBufAllocator.DEFAULT.pinnedDirectMemory();
    }
}
