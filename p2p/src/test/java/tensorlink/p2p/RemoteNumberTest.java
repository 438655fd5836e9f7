package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * First shape of the advisories: arithmetic on a number from the remote (yamux window updates of
 * 0xFFFF0000, back-offs of 2^64 - 1). Every number that a protocol carries takes every extreme
 * value; whatever comes of it is an outcome that the decoder knows, and costs next to nothing.
 */
public abstract class RemoteNumberTest {
    private static final long ALLOCATED_BYTES_MAX = 1 << 20;

    private static final List<Long> EXTREMES =
            List.of(
                    0L,
                    1L,
                    0x7fL,
                    0x80L,
                    0xffL,
                    0x7fffL,
                    0x8000L,
                    0xfffeL,
                    0xffffL,
                    0x7fff_fffeL,
                    0x7fff_ffffL,
                    0x8000_0000L,
                    0xffff_0000L,
                    0xffff_fffeL,
                    0xffff_ffffL,
                    0x1_0000_0000L,
                    Long.MAX_VALUE - 1,
                    Long.MAX_VALUE,
                    Long.MIN_VALUE,
                    -2L,
                    -1L);

    /** Feeds a fresh decoder; what it throws by design is an outcome, anything else escapes. */
    protected abstract String outcome(byte[] message) throws IOException;

    /** For each number of the protocol, messages that are sound but for it. */
    protected abstract Map<String, LongFunction<byte[]>> numbers();

    @TestFactory
    List<DynamicTest> no_number_breaks_the_decoder() {
        var tests = new ArrayList<DynamicTest>();
        numbers()
                .forEach((name, message) ->
                        tests.add(DynamicTest.dynamicTest(name, () -> assertSafe(name, message))));
        return tests;
    }

    private void assertSafe(String name, LongFunction<byte[]> message) throws IOException {
        var _ = outcome(message.apply(1));
        for (long value : EXTREMES) {
            var bytes = message.apply(value);
            long before = allocated();

            assertThat(outcome(bytes)).as("%s 0x%x", name, value).isNotEmpty();

            assertThat(allocated() - before)
                    .as("bytes allocated for %s 0x%x", name, value)
                    .isLessThan(ALLOCATED_BYTES_MAX);
        }
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    /** The lowest {@code width} bytes of {@code value}, highest first. */
    protected static byte[] bigEndian(long value, int width) {
        var all = ByteBuffer.allocate(Long.BYTES).putLong(value).array();
        return Arrays.copyOfRange(all, Long.BYTES - width, Long.BYTES);
    }

    /** As Protobuf and hostile peers write it: all 64 bits, in up to ten bytes. */
    protected static byte[] varint(long value) {
        var bytes = new ByteArrayOutputStream();
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        bytes.write((int) rest);
        return bytes.toByteArray();
    }

    /** One after the other; texts are hexadecimal. */
    protected static byte[] join(Object... parts) {
        var all = new ByteArrayOutputStream();
        for (var part : parts) {
            all.writeBytes(
                    part instanceof String hex ? HexFormat.of().parseHex(hex) : (byte[]) part);
        }
        return all.toByteArray();
    }
}
