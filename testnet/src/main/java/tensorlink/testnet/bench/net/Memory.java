package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tensorlink.testnet.bench.bare.NettyMemory;
import tools.jackson.databind.JsonNode;

/**
 * What a process holds, in bytes.
 *
 * @param heap what is left after a collection
 * @param direct of Netty's allocators, with what they keep for later
 * @param buffers of Netty's buffers in use alone
 * @param resident of everything, native libraries included; 0 where there is no /proc
 */
record Memory(long heap, long direct, long buffers, long resident) {
    private static final Path STATUS = Path.of("/proc/self/status");

    /** Of this process, after collecting what nobody needs. */
    static Memory here() throws IOException {
        System.gc();
        System.gc(); // what finalizers and cleaners let go of
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        return new Memory(
                heap, NettyMemory.directBytes(), NettyMemory.pinnedBytes(), residentBytes());
    }

    private static long residentBytes() throws IOException {
        if (Files.isReadable(STATUS)) {
            for (var line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
                }
            }
        }
        return 0;
    }

    Map<String, Long> json() {
        return Map.of("heap", heap, "direct", direct, "buffers", buffers, "resident", resident);
    }

    static Memory of(JsonNode json) {
        return new Memory(
                json.path("heap").asLong(),
                json.path("direct").asLong(),
                json.path("buffers").asLong(),
                json.path("resident").asLong());
    }

    /**
     * How much more than {@code before} is held on the heap and off it. A pool that had room left
     * grows less than what it gives away, one that had none grows more: the larger counts.
     */
    long since(Memory before) {
        return heap - before.heap + Math.max(direct - before.direct, buffers - before.buffers);
    }
}
