package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.util.List;
import tensorlink.jobs.job.JobId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerInfo;

/**
 * What a user keeps of a job that runs, for a process of its own that may follow on this one:
 * enough to go on with the workers that hold its stages.
 *
 * @param validator who watches the job
 * @param profiles the ids of the execution profiles of its stages, in order
 */
public record HeldJob(JobRecords records, PeerInfo validator, List<String> profiles) {
    public static final int BYTES_MAX = 4 << 20;

    public HeldJob {
        profiles = List.copyOf(profiles);
        if (profiles.size() != records.stages().size()
                || profiles.size() != records.agreements().size()) {
            throw new IllegalArgumentException(
                    profiles.size()
                            + " profiles and "
                            + records.agreements().size()
                            + " agreements for "
                            + records.stages().size()
                            + " stages");
        }
    }

    public JobId job() {
        return new JobId(records.opening().message().jobId());
    }

    public ByteString encode() {
        return tensorlink.jobs.wire.HeldJob.newBuilder()
                .setVersion(Fields.VERSION)
                .setTakeover(new Question.TakeOver(records).encode())
                .setValidator(validator.id().multihash())
                .addAllAddresses(Fields.addresses(validator))
                .addAllProfiles(profiles)
                .build()
                .toByteString();
    }

    public static HeldJob decode(ByteString bytes) throws ProtocolViolation {
        var message = Fields.parse("held job", tensorlink.jobs.wire.HeldJob.parser(), bytes);
        Fields.requireVersion("held job", message.getVersion());
        if (!(Question.decode(message.getTakeover()) instanceof Question.TakeOver(var records))) {
            throw new ProtocolViolation("held job: no records of it");
        }
        var validator = Fields.peer(message.getValidator(), message.getAddressesList());
        return Fields.read(
                "held job", () -> new HeldJob(records, validator, message.getProfilesList()));
    }
}
