package tensorlink.jobs.message;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.core.ProtocolViolation;

/** What a node asks another. */
class QuestionInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() {
        return MessagesTest.questions().map(message -> message.encode().toByteArray());
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        try {
            var message = Question.decode(joined(pieces));
            return HexFormat.of().formatHex(message.encode().toByteArray());
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }
}
