package tensorlink.jobs.validator;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.Architecture;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.message.JobRecords;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;

/**
 * Judges what a user says of a job that another validator has watched. Nothing is taken on trust
 * but how far the job has come: request, opening and agreements are signed and belong together, the
 * stages hold every layer once, and the time that was agreed on is not over. That the workers work
 * they say themselves, when they are asked for beats.
 */
final class Takeover {
    private Takeover() {}

    /**
     * Returns the request that the records prove.
     *
     * @throws JobException naming what does not bear out the rest
     */
    static Sealed<JobRequest> judge(Party party, PeerId from, JobRecords records)
            throws JobException, ProtocolViolation {
        Sealed<JobRequest> sealed;
        try {
            sealed = party.seals().reopenJobRequest(records.request());
        } catch (SealException forged) {
            throw refused(String.valueOf(forged.getMessage()));
        }
        var request = sealed.content();
        if (!request.user().equals(from)) {
            throw refused("the request is signed by " + request.user() + ", not by who asks");
        }
        var opening = records.opening();
        if (!opening.message().jobId().equals(request.id().word())
                || !opening.isAuthentic(party.domain())) {
            throw refused("the opening is not the payer's for this job");
        }
        if (records.agreements().size() != records.stages().size()) {
            throw refused(records.agreements().size() + " agreements do not fit its plan");
        }
        requireWhole(request, records);
        for (var agreement : records.agreements()) {
            if (!agreement.agreement().payer().equals(request.payer())
                    || !agreement.agreement().specHash().equals(request.specHash())) {
                throw refused("an agreement is for another job");
            }
        }
        if (left(records, party.scheduler().now()).isZero()) {
            throw refused("the time that was agreed on is over");
        }
        way(records.state());
        return sealed;
    }

    private static void requireWhole(JobRequest request, JobRecords records) throws JobException {
        try {
            var layers =
                    Architecture.parse("job request", request.spec().config().toByteArray())
                            .layers();
            var plan = new JobPlan(request.id(), records.stages());
            if (plan.layers() != layers) {
                throw refused(
                        "its stages hold " + plan.layers() + " layers, the model has " + layers);
            }
        } catch (ModelFormatException | IllegalArgumentException senseless) {
            throw refused(String.valueOf(senseless.getMessage()));
        }
    }

    /** How long the job may live on: zero when it may not. */
    static Duration left(JobRecords records, Instant now) {
        var left = Duration.ZERO;
        for (var agreement : records.agreements()) {
            var rest = Duration.between(now, agreement.agreement().deadline());
            if (rest.compareTo(left) > 0) {
                left = rest;
            }
        }
        return left;
    }

    /**
     * The states that lead to one in which a job can be taken over.
     *
     * @throws JobException for any other
     */
    static List<JobState> way(JobState state) throws JobException {
        var way = new ArrayList<JobState>();
        for (var step :
                List.of(
                        new JobState.Planned(),
                        new JobState.Recruiting(),
                        new JobState.Agreed(),
                        new JobState.Loading(),
                        new JobState.Running())) {
            way.add(step);
            if (step.equals(state) && way.size() > 2) {
                return way;
            }
        }
        throw refused("it is " + state.label());
    }

    private static JobException refused(String why) {
        return new JobException(ProblemCode.NOT_ALLOWED, "job not taken over", why, "");
    }
}
