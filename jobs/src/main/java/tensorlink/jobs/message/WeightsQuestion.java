package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.wire.WeightsAnswer;
import tensorlink.p2p.core.ProtocolViolation;

/** Asks for {@code length} bytes of a tensor, from {@code offset} on. */
public record WeightsQuestion(JobId job, What what, String tensor, long offset, long length) {
    public static final int BYTES_MAX = 4096;

    /** Which of the tensor's values. */
    public enum What {
        PARAMETER,
        GRADIENT
    }

    /** The form in which it travels. */
    public ByteString encode() {
        return tensorlink.jobs.wire.WeightsQuestion.newBuilder()
                .setVersion(Fields.VERSION)
                .setJob(Fields.bytes(job))
                .setWhat(
                        switch (what) {
                            case PARAMETER -> tensorlink.jobs.wire.WeightsQuestion.What.PARAMETER;
                            case GRADIENT -> tensorlink.jobs.wire.WeightsQuestion.What.GRADIENT;
                        })
                .setTensor(tensor)
                .setOffset(offset)
                .setLength(length)
                .build()
                .toByteString();
    }

    /** Reads what {@link #encode} wrote. */
    public static WeightsQuestion decode(ByteString bytes) throws ProtocolViolation {
        var message =
                Fields.parse(
                        "weights question", tensorlink.jobs.wire.WeightsQuestion.parser(), bytes);
        Fields.requireVersion("weights question", message.getVersion());
        return new WeightsQuestion(
                Fields.job(message.getJob()),
                switch (message.getWhat()) {
                    case PARAMETER -> What.PARAMETER;
                    case GRADIENT -> What.GRADIENT;
                    case UNRECOGNIZED -> throw Fields.unset("weights question");
                },
                message.getTensor(),
                Fields.natural("offset", message.getOffset()),
                Fields.natural("length", message.getLength()));
    }

    /** The answer that precedes the bytes, or says why there are none. */
    public static ByteString encodeAnswer(@Nullable Problem refused) {
        var answer = WeightsAnswer.newBuilder();
        if (refused != null) {
            answer.setRefusal(Fields.refusal(refused));
        }
        return answer.build().toByteString();
    }

    /** Reads an answer: null when the bytes follow. */
    public static @Nullable Problem decodeAnswer(ByteString bytes) throws ProtocolViolation {
        var answer = Fields.parse("weights answer", WeightsAnswer.parser(), bytes);
        return answer.hasRefusal() ? Fields.problem(answer.getRefusal()) : null;
    }
}
