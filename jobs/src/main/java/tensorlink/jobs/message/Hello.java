package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.wire.HelloAnswer;
import tensorlink.p2p.core.ProtocolViolation;

/**
 * The first message of a stage stream, from whoever opened it.
 *
 * @param stage the receiver's
 */
public record Hello(JobId job, int stage, Role role) {
    public static final int BYTES_MAX = 4096;

    /** What the stream is for. */
    public enum Role {
        /** Activations come down it from the stage before, or the user; gradients go up. */
        INPUT,
        /** From the user to the last stage: labels down, results up. */
        OUTPUT,
        /** From the first stage to the last: both send their part of a shared gradient. */
        TIED,
        /** From a replica of a stage to a later one: both send parts and sums of gradients. */
        REPLICA
    }

    /** The form in which it travels. */
    public ByteString encode() {
        return tensorlink.jobs.wire.Hello.newBuilder()
                .setVersion(Fields.VERSION)
                .setJob(Fields.bytes(job))
                .setStage(stage)
                .setRole(
                        switch (role) {
                            case INPUT -> tensorlink.jobs.wire.Hello.Role.INPUT;
                            case OUTPUT -> tensorlink.jobs.wire.Hello.Role.OUTPUT;
                            case TIED -> tensorlink.jobs.wire.Hello.Role.TIED;
                            case REPLICA -> tensorlink.jobs.wire.Hello.Role.REPLICA;
                        })
                .build()
                .toByteString();
    }

    /** Reads what {@link #encode} wrote. */
    public static Hello decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("hello", tensorlink.jobs.wire.Hello.parser(), bytes);
        Fields.requireVersion("hello", message.getVersion());
        return new Hello(
                Fields.job(message.getJob()),
                Fields.natural("stage", message.getStage()),
                switch (message.getRole()) {
                    case INPUT -> Role.INPUT;
                    case OUTPUT -> Role.OUTPUT;
                    case TIED -> Role.TIED;
                    case REPLICA -> Role.REPLICA;
                    case UNRECOGNIZED -> throw Fields.unset("hello's role");
                });
    }

    /** The answer: null for welcome. */
    public static ByteString encodeAnswer(@Nullable Problem refused) {
        var answer = HelloAnswer.newBuilder();
        if (refused != null) {
            answer.setRefusal(Fields.refusal(refused));
        }
        return answer.build().toByteString();
    }

    /** Reads an answer: null for welcome. */
    public static @Nullable Problem decodeAnswer(ByteString bytes) throws ProtocolViolation {
        var answer = Fields.parse("hello's answer", HelloAnswer.parser(), bytes);
        return answer.hasRefusal() ? Fields.problem(answer.getRefusal()) : null;
    }
}
