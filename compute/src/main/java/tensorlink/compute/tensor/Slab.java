package tensorlink.compute.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A piece of off-heap memory that serves one tensor after another.
 *
 * <p>Freeing a shared arena stops every thread for a moment: 0.1 to 0.3 ms, more than sending 16
 * KiB costs. So memory up to {@value #POOLED_BYTES_MAX} bytes comes in powers of two, is reused,
 * and is left to the garbage collector once the pool is full; only larger memory has an arena of
 * its own, which is closed at once.
 */
final class Slab {
    static final int ALIGNMENT = 64;
    static final long POOLED_BYTES_MAX = 4 << 20;
    static final long POOL_BYTES_MAX = 64 << 20;

    private static final int SMALLEST_BITS = 12;
    private static final int CLASSES =
            Long.numberOfTrailingZeros(POOLED_BYTES_MAX) - SMALLEST_BITS + 1;
    private static final Pool POOL = new Pool();

    private final MemorySegment memory;
    private final boolean clean;
    private final Runnable release;

    private Slab(MemorySegment memory, boolean clean, Runnable release) {
        this.memory = memory;
        this.clean = clean;
        this.release = release;
    }

    /** At least {@code bytes} bytes of any content. */
    static Slab take(long bytes) {
        return bytes <= POOLED_BYTES_MAX ? POOL.take(bytes) : own(bytes);
    }

    MemorySegment memory() {
        return memory;
    }

    /** Whether it is all zeros, as it comes from the system: writing them again takes time. */
    boolean isClean() {
        return clean;
    }

    /** To be called once; the memory belongs to another from then on. */
    void release() {
        release.run();
    }

    @SuppressWarnings("MustBeClosedChecker") // release() closes it
    private static Slab own(long bytes) {
        var arena = Arena.ofShared();
        return new Slab(arena.allocate(bytes, ALIGNMENT), true, arena::close);
    }

    private static final class Pool {
        private final ReentrantLock lock = new ReentrantLock();
        private final List<Deque<MemorySegment>> free = new ArrayList<>();
        private long freeBytes;

        Pool() {
            for (int i = 0; i < CLASSES; i++) {
                free.add(new ArrayDeque<>());
            }
        }

        Slab take(long bytes) {
            int bits =
                    Math.max(
                            SMALLEST_BITS,
                            Long.SIZE - Long.numberOfLeadingZeros(Math.max(bytes, 1) - 1));
            int index = bits - SMALLEST_BITS;
            var used = poll(index);
            var memory = used != null ? used : Arena.ofAuto().allocate(1L << bits, ALIGNMENT);
            return new Slab(memory, used == null, () -> give(index, memory));
        }

        private @Nullable MemorySegment poll(int index) {
            lock.lock();
            try {
                var memory = free.get(index).pollLast();
                if (memory != null) {
                    freeBytes -= memory.byteSize();
                }
                return memory;
            } finally {
                lock.unlock();
            }
        }

        private void give(int index, MemorySegment memory) {
            lock.lock();
            try {
                if (freeBytes + memory.byteSize() <= POOL_BYTES_MAX) {
                    free.get(index).addLast(memory);
                    freeBytes += memory.byteSize();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
