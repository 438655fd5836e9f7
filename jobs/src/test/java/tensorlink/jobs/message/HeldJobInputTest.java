package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.core.ProtocolViolation;

/** A job as a user keeps it on disk. */
class HeldJobInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() {
        return MessagesTest.questions()
                .flatMap(question ->
                        question instanceof Question.TakeOver(var records)
                                ? Stream.of(records)
                                : Stream.empty())
                .map(records -> {
                    var validator = records.stages().getFirst().worker();
                    var held = new HeldJob(records, validator, List.of("profile"));
                    return held.encode().toByteArray();
                });
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        HeldJob held;
        try {
            held = HeldJob.decode(joined(pieces));
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
        assertThat(HeldJob.decode(held.encode())).isEqualTo(held);
        return HexFormat.of().formatHex(held.encode().toByteArray());
    }
}
