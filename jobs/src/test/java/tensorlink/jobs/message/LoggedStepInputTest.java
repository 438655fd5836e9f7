package tensorlink.jobs.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Update;
import tensorlink.p2p.AnyInput;
import tensorlink.p2p.core.ProtocolViolation;

/** A step as a user keeps it on disk. */
class LoggedStepInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() {
        var tokens = Tokens.of(new long[] {1, 2, 3}, new long[] {-100, 5, 6});
        var values = Values.of(2, 0.5f, 1, 2, 3);
        var good =
                Stream.of(
                        step(
                                new LoggedStep.Compared(
                                        true, 1, Batch.of(tokens).split(2), List.of(1.5f, 0f))),
                        step(
                                new LoggedStep.Returned(
                                        false,
                                        0,
                                        MicroBatch.split(values, 2),
                                        List.of(
                                                ByteString.copyFrom(new byte[8]),
                                                ByteString.copyFrom(new byte[4])))));
        return Stream.concat(good.map(LoggedStep::encode), Stream.of(rowsOfNothing()))
                .map(ByteString::toByteArray);
    }

    /** Two billion rows in a few bytes. */
    private static ByteString rowsOfNothing() {
        var batch = Batch.of(Tokens.of(new long[] {1, 2}));
        var step = step(new LoggedStep.Compared(true, 1, batch.split(1), List.of(1f)));
        try {
            var message = tensorlink.jobs.wire.LoggedStep.parseFrom(step.encode()).toBuilder();
            message.getBatchesBuilder(0)
                    .getMicroBatchesBuilder(0)
                    .setRows(Integer.MAX_VALUE)
                    .clearInputs();
            return message.build().toByteString();
        } catch (InvalidProtocolBufferException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static LoggedStep step(LoggedStep.LoggedBatch batch) {
        return new LoggedStep(
                new Command.Commit(7, new Update(AdamW.lr(0.1), 0.5f)),
                List.of(batch),
                List.of(
                        new LoggedStep.Outcome(
                                new LayerRange(0, 2), "profile", Digest.of(new byte[] {9}))));
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        LoggedStep step;
        try {
            step = LoggedStep.decode(joined(pieces));
        } catch (ProtocolViolation violation) {
            return String.valueOf(violation.getMessage());
        }
        assertThat(LoggedStep.decode(step.encode())).isEqualTo(step);
        return HexFormat.of().formatHex(step.encode().toByteArray());
    }
}
