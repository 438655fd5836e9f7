package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A decoder and a million inputs that Jazzer invents: each has an outcome at all, and the same one
 * cut or whole.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AnyInput {

    /**
     * Feeds a fresh decoder.
     *
     * @param pieces as the network delivers them; at least one
     * @return in one line what was understood or why not; nothing that depends on the cuts
     * @throws IOException never but when the test itself fails; what the decoder throws because of
     *     its input is an outcome if it is of the kind that it promises
     */
    protected abstract String outcome(List<byte[]> pieces) throws IOException;

    /** What Jazzer starts from; long inputs would make it slow. */
    protected abstract Stream<byte[]> inputs() throws IOException;

    @MethodSource("inputs")
    @ParameterizedTest
    void a_known_input_has_an_outcome_and_the_same_one_cut_or_whole(byte[] input)
            throws IOException {
        assertThat(outcome(cut(input, 1))).as("byte by byte").isEqualTo(outcome(List.of(input)));
    }

    @Tag("fuzz")
    @MethodSource("inputs")
    @FuzzTest(maxExecutions = 1_000_000, maxDuration = "2h")
    void anything_has_an_outcome_and_the_same_one_cut_or_whole(byte[] input) throws IOException {
        int length = 1 + (Arrays.hashCode(input) & 63);

        var whole = outcome(List.of(input));

        assertThat(outcome(cut(input, length))).as("in pieces of %d", length).isEqualTo(whole);
    }

    /** The input in pieces of this length; at least one, if empty. */
    protected static List<byte[]> cut(byte[] input, int length) {
        var pieces = new ArrayList<byte[]>();
        for (int at = 0; at < input.length; at += length) {
            pieces.add(Arrays.copyOfRange(input, at, Math.min(input.length, at + length)));
        }
        return pieces.isEmpty() ? List.of(input) : pieces;
    }

    /**
     * The pieces in one, as a decoder gets them that is never given pieces. Not a rope of them,
     * which Protobuf reads by other code and refuses in other words.
     */
    protected static ByteString joined(List<byte[]> pieces) {
        var bytes = new ByteArrayOutputStream();
        pieces.forEach(bytes::writeBytes);
        return ByteString.copyFrom(bytes.toByteArray());
    }
}
