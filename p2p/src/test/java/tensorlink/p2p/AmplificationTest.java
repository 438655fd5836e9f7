package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Third shape of the advisories: a legal frame that makes many objects of few bytes (a million
 * empty subscriptions in a mebibyte). Decoding the worst frames, accepted or refused, may cost a
 * fixed sum and four times their length, all garbage included.
 */
public abstract class AmplificationTest {
    private static final int FACTOR = 4;

    /** Keys, signatures, stack traces of refusals, the lists that are kept. */
    private static final long FIXED_BYTES = 1280 << 10;

    /** Decodes a frame or refuses it, as its protocol does. */
    protected abstract String outcome(byte[] frame) throws IOException;

    /** The worst legal frames, and what is beyond their limits. */
    protected abstract Map<String, byte[]> frames();

    @TestFactory
    List<DynamicTest> few_bytes_stay_few_objects() {
        var tests = new ArrayList<DynamicTest>();
        frames().forEach((name, frame) ->
                tests.add(DynamicTest.dynamicTest(name, () -> assertCheap(frame))));
        return tests;
    }

    private void assertCheap(byte[] frame) throws IOException {
        long cheapest = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            long before = allocated();
            assertThat(outcome(frame)).isNotEmpty();
            cheapest = Math.min(cheapest, allocated() - before);
        }

        assertThat(cheapest).isLessThanOrEqualTo(FIXED_BYTES + (long) FACTOR * frame.length);
    }

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    /** The same bytes, so often. */
    protected static byte[] times(int count, String hex) {
        var all = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            all.writeBytes(HexFormat.of().parseHex(hex));
        }
        return all.toByteArray();
    }

    /** Bytes from hexadecimal, and bytes, one after the other. */
    protected static byte[] join(Object... parts) {
        return RemoteNumberTest.join(parts);
    }

    /** A length and what is so long. */
    protected static byte[] prefixed(byte[] content) {
        return RemoteNumberTest.join(RemoteNumberTest.varint(content.length), content);
    }
}
