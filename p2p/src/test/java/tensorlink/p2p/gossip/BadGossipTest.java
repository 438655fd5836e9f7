package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiformats.Varint;

/**
 * Malformed and hostile RPCs, one file each in {@code bad/gossip}: a remark, what is expected, and
 * the RPC in hexadecimal, where {@code 0a00 x 100} stands for a hundred times these bytes.
 */
class BadGossipTest {
    private static final GossipLimits LIMITS = GossipLimits.defaults();
    private static final int SMALL = 300;

    record Case(String name, SignaturePolicy policy, String expected, ByteString rpc) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() throws IOException {
        try (var files = Files.list(Path.of("src/test/resources/bad/gossip"))) {
            return files.sorted().map(BadGossipTest::read).toList();
        }
    }

    private static Case read(Path file) {
        var policy = SignaturePolicy.STRICT_SIGN;
        var expected = "";
        var rpc = ByteString.newOutput();
        try {
            for (var line : Files.readAllLines(file)) {
                if (line.startsWith("policy ")) {
                    policy = SignaturePolicy.valueOf(line.substring("policy ".length()));
                } else if (line.startsWith("expect ")) {
                    expected = line.substring("expect ".length());
                } else if (!line.startsWith("#")) {
                    var parts = line.split(" x ", -1);
                    int times = parts.length == 1 ? 1 : Integer.parseInt(parts[1]);
                    for (int i = 0; i < times; i++) {
                        rpc.write(HexFormat.of().parseHex(parts[0]));
                    }
                }
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return new Case(file.getFileName().toString(), policy, expected, rpc.toByteString());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void has_the_outcome_that_its_file_names_however_it_is_cut(Case bad) throws Exception {
        var framed = Varint.encode(bad.rpc.size()).concat(bad.rpc).toByteArray();
        var cuts = new ArrayList<Integer>();
        if (framed.length <= SMALL) {
            for (int i = 0; i < framed.length; i++) {
                cuts.add(i);
            }
        } else {
            cuts.addAll(List.of(0, 1, 2, 3, 4, framed.length / 2, framed.length - 1));
        }

        for (int cut : cuts) {
            var outcome = outcome(bad, new Pieces(framed, cut));
            if (bad.expected.startsWith("refused ")) {
                assertThat(outcome)
                        .as("cut at %d", cut)
                        .startsWith("refused ")
                        .contains(bad.expected.substring("refused ".length()));
            } else {
                assertThat(outcome).as("cut at %d", cut).isEqualTo(bad.expected);
            }
        }
    }

    private static String outcome(Case bad, Stream stream)
            throws IOException, InterruptedException {
        Rpc rpc;
        try {
            var bytes = stream.nextMessage(LIMITS.rpcBytesMax()).orElseThrow();
            rpc = new RpcCodec(bad.policy, LIMITS).decode(bytes);
        } catch (ProtocolViolation violation) {
            return "refused " + violation.getMessage();
        }
        boolean isForged =
                bad.policy == SignaturePolicy.STRICT_SIGN
                        && rpc.messages().stream().anyMatch(it -> !it.isGenuine());
        return isForged
                ? "forged"
                : rpc.prunes().stream()
                        .filter(it -> it.others().isEmpty())
                        .map(it -> "backoff " + it.backoffSeconds())
                        .findFirst()
                        .orElse("accepted");
    }

    /** Shape S3: what is inside a frame is counted before anything is made of it. */
    @ParameterizedTest
    @MethodSource("cases")
    void allocates_little_more_than_its_own_size(Case bad) {
        var codec = new RpcCodec(bad.policy, LIMITS);
        decode(codec, bad.rpc);
        var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        long before = memory.getCurrentThreadAllocatedBytes();
        decode(codec, bad.rpc);
        long allocated = memory.getCurrentThreadAllocatedBytes() - before;

        assertThat(allocated).isLessThan(4L * bad.rpc.size() + (1 << 20));
    }

    private static void decode(RpcCodec codec, ByteString rpc) {
        try {
            codec.decode(rpc);
        } catch (ProtocolViolation expected) {
            assertThat(expected).hasMessageStartingWith("gossip: ");
        }
    }

    /** A stream that gives its bytes in two pieces. */
    private static final class Pieces implements Stream {
        private final byte[] bytes;
        private final int cut;
        private int at;

        Pieces(byte[] bytes, int cut) {
            this.bytes = bytes;
            this.cut = cut;
        }

        @Override
        public int read(MemorySegment target) {
            int end = at < cut ? cut : bytes.length;
            int count = (int) Math.min(target.byteSize(), end - at);
            if (count == 0) {
                return -1;
            }
            MemorySegment.copy(MemorySegment.ofArray(bytes), at, target, 0, count);
            at += count;
            return count;
        }

        @Override
        public ProtocolId protocol() {
            return Dialect.V1_2.protocol();
        }

        @Override
        public Connection connection() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void write(MemorySegment source) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void closeWrite() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void reset() {}

        @Override
        public void close() {}

        @Override
        public void timeout(Duration limit) {}
    }
}
