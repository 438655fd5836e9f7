package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.jobs.message.SealException;
import tensorlink.node.wire.RoundItem;
import tensorlink.p2p.core.ProtocolViolation;

/** What a validator is asked of rounds, and what it is told. */
class RoundInputTest {
    private static final Words WORDS = new Words();

    static Stream<byte[]> inputs() {
        var work = RoundItem.newBuilder().setWork(WORDS.work()).build();
        var told = RoundItem.newBuilder().setTold(WORDS.proposal(2, 3).encode()).build();
        var none = RoundItem.getDefaultInstance();
        return Stream.of(
                        new RoundPage.Wanted(7, 3).encode(),
                        new RoundPage(7, 3, List.of(work), false).encode(),
                        new RoundPage(7, 3, List.of(told, none, told), true).encode(),
                        new RoundPage(-1, -1, List.of(), true).encode())
                .map(ByteString::toByteArray);
    }

    @MethodSource("inputs")
    @ParameterizedTest
    void a_known_message_is_understood_or_refused_and_so_again(byte[] message) throws IOException {
        assertThat(outcome(message)).isEqualTo(outcome(message));
    }

    @Tag("fuzz")
    @MethodSource("inputs")
    @FuzzTest(maxExecutions = 1_000_000, maxDuration = "2h")
    void anything_is_understood_or_refused_and_so_again(byte[] message) throws IOException {
        assertThat(outcome(message)).isEqualTo(outcome(message));
    }

    private static String outcome(byte[] message) throws IOException {
        var bytes = ByteString.copyFrom(message);
        return asked(bytes) + "; " + told(bytes);
    }

    private static String asked(ByteString bytes) {
        try {
            var wanted = RoundPage.Wanted.decode(bytes);
            assertThat(RoundPage.Wanted.decode(wanted.encode())).isEqualTo(wanted);
            return wanted.toString();
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }

    private static String told(ByteString bytes) throws IOException {
        RoundPage page;
        try {
            page = RoundPage.decode(bytes);
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
        assertThat(RoundPage.decode(page.encode())).isEqualTo(page);
        var outcome = new StringBuilder();
        outcome.append(page.journal()).append(page.from()).append(page.more());
        for (var item : page.items()) {
            outcome.append("; ").append(understood(item));
        }
        return outcome.toString();
    }

    private static String understood(RoundItem item) throws IOException {
        try {
            return switch (item.getKindCase()) {
                case WORK -> WORDS.seals.openWork(item.getWork()).content().job().hex();
                case TOLD -> {
                    var told = Told.decode(item.getTold());
                    assertThat(Told.decode(told.encode())).isEqualTo(told);
                    yield told.toString();
                }
                case KIND_NOT_SET -> "nothing";
            };
        } catch (SealException | ProtocolViolation refused) {
            return String.valueOf(refused.getMessage());
        }
    }
}
