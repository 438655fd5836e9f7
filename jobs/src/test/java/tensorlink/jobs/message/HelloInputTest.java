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

/** The first message of a stage stream, and what is answered. */
class HelloInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() {
        var job = new JobId(Bytes32.keccak("job"));
        var hellos = Stream.of(Hello.Role.values()).map(role -> new Hello(job, 3, role).encode());
        var problem = new Problem(ProblemCode.NOT_READY, "what", "why", "now");
        var answers = Stream.of(Hello.encodeAnswer(null), Hello.encodeAnswer(problem));
        return Stream.concat(hellos, answers).map(bytes -> bytes.toByteArray());
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        return asked(pieces) + "; " + answered(pieces);
    }

    private static String asked(List<byte[]> pieces) {
        try {
            var hello = Hello.decode(joined(pieces));
            return hello + " " + Hello.decode(hello.encode()).equals(hello);
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }

    private static String answered(List<byte[]> pieces) {
        try {
            return String.valueOf(Hello.decodeAnswer(joined(pieces)));
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
    }
}
