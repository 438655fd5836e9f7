package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.util.List;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.market.StagePlan;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;

/**
 * What is signed of a job that has begun: enough for a validator that never heard of it to watch it
 * on.
 *
 * @param request the user's envelope; see {@link Seals#reopenJobRequest}
 * @param stages who works on what, as the first validator planned it
 * @param agreements one per stage, in order
 * @param state how far the job has come, by its user's word
 */
public record JobRecords(
        ByteString request,
        List<StagePlan> stages,
        Signed<JobOpening> opening,
        List<SignedAgreement> agreements,
        JobState state) {
    public JobRecords {
        stages = List.copyOf(stages);
        agreements = List.copyOf(agreements);
    }

    /** The same, further on. */
    public JobRecords in(JobState later) {
        return new JobRecords(request, stages, opening, agreements, later);
    }
}
