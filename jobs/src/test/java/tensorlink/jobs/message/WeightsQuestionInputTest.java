package tensorlink.jobs.message;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.ledger.Bytes32;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.core.ProtocolViolation;

/** What is asked of a node that serves weights, and what it answers. */
class WeightsQuestionInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() {
        var job = new JobId(Bytes32.keccak("job"));
        var questions =
                Stream.of(WeightsQuestion.What.values())
                        .map(what -> new WeightsQuestion(job, what, "a.b", 1, 1L << 40).encode());
        var problem = new Problem(ProblemCode.WEIGHTS, "what", "why", "now");
        var answers =
                Stream.of(
                        WeightsQuestion.encodeAnswer(null), WeightsQuestion.encodeAnswer(problem));
        return Stream.concat(questions, answers).map(bytes -> bytes.toByteArray());
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        return asked(pieces) + "; " + answered(pieces);
    }

    private static String asked(List<byte[]> pieces) {
        try {
            var question = WeightsQuestion.decode(joined(pieces));
            return question + " " + WeightsQuestion.decode(question.encode()).equals(question);
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }

    private static String answered(List<byte[]> pieces) {
        try {
            return String.valueOf(WeightsQuestion.decodeAnswer(joined(pieces)));
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }
}
