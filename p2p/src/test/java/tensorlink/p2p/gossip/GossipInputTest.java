package tensorlink.p2p.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.sun.management.ThreadMXBean;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiformats.Varint;

/**
 * Malformed and hostile RPCs, one file each in {@code bad/gossip}: a remark, what is expected, and
 * the RPC in hexadecimal, where {@code 0a00 x 100} stands for a hundred times these bytes.
 */
class GossipInputTest extends AnyInput {
    private static final GossipLimits LIMITS = GossipLimits.defaults();
    private static final int SMALL = 300;
    private static final int SEED_BYTES_MAX = 4096;

    record Case(String name, SignaturePolicy policy, String expected, ByteString rpc) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() throws IOException {
        try (var files = Files.list(Path.of("src/test/resources/bad/gossip"))) {
            return files.sorted().map(GossipInputTest::read).toList();
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
        var framed = framed(bad);
        var cuts = new ArrayList<Integer>();
        if (framed.length <= SMALL) {
            for (int i = 0; i < framed.length; i++) {
                cuts.add(i);
            }
        } else {
            cuts.addAll(List.of(0, 1, 2, 3, 4, framed.length / 2, framed.length - 1));
        }

        for (int cut : cuts) {
            var outcome = outcome(bad, pieces(framed, cut));
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

    /** The RPC as it is sent, after its length. */
    private static byte[] framed(Case bad) {
        return Varint.encode(bad.rpc.size()).concat(bad.rpc).toByteArray();
    }

    private static List<byte[]> pieces(byte[] framed, int cut) {
        return List.of(Arrays.copyOf(framed, cut), Arrays.copyOfRange(framed, cut, framed.length));
    }

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return cases().stream()
                .map(GossipInputTest::framed)
                .filter(input -> input.length <= SEED_BYTES_MAX);
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var outcome = new StringBuilder();
        for (var policy : SignaturePolicy.values()) {
            try {
                var rpc = read(policy, pieces);
                var codec = new RpcCodec(policy, LIMITS);
                assertThat(codec.decode(codec.encode(rpc))).isEqualTo(rpc);
                outcome.append("%s: %08x; ".formatted(policy, rpc.hashCode()));
            } catch (ProtocolViolation | EOFException refused) {
                outcome.append("%s: %s; ".formatted(policy, refused.getMessage()));
            } catch (InterruptedException impossible) {
                throw new IOException(impossible);
            }
        }
        return outcome.toString();
    }

    private static Rpc read(SignaturePolicy policy, List<byte[]> pieces)
            throws IOException, InterruptedException {
        var bytes =
                new Pieces(Dialect.V1_2.protocol(), pieces)
                        .nextMessage(LIMITS.rpcBytesMax())
                        .orElseThrow(() -> new EOFException("nothing"));
        return new RpcCodec(policy, LIMITS).decode(bytes);
    }

    private static String outcome(Case bad, List<byte[]> pieces)
            throws IOException, InterruptedException {
        Rpc rpc;
        try {
            rpc = read(bad.policy, pieces);
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
}
