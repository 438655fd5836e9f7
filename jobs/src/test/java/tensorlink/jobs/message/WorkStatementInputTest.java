package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.core.ProtocolViolation;

/** A validator's word on a job, within its seal. */
class WorkStatementInputTest extends AnyInput {
    private final WorkStatementTest known = new WorkStatementTest();

    @Override
    protected Stream<byte[]> inputs() {
        return known.works().map(WorkStatement::encode).map(ByteString::toByteArray);
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        tensorlink.jobs.wire.WorkStatement message;
        try {
            message = tensorlink.jobs.wire.WorkStatement.parseFrom(joined(pieces));
        } catch (InvalidProtocolBufferException malformed) {
            return String.valueOf(malformed.getMessage());
        }
        WorkStatement work;
        try {
            work = WorkStatement.decode(known.request(), message);
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
        try {
            work.check(WorkStatementTest.DOMAIN, WorkStatementTest.NOW);
        } catch (IllegalArgumentException untrue) {
            return String.valueOf(untrue.getMessage());
        }
        return HexFormat.of().formatHex(work.encode().toByteArray());
    }
}
