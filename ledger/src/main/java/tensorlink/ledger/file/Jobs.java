package tensorlink.ledger.file;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.JobRecord.Engagement;
import tensorlink.ledger.JobRecord.Status;
import tensorlink.ledger.Rejection;

/** The rules of jobs: opened, agreed on and closed. */
final class Jobs {
    private final Domain domain;
    final Map<Bytes32, JobRecord> jobs = new HashMap<>();
    private final Map<Account, Integer> open = new HashMap<>();

    Jobs(Domain domain) {
        this.domain = domain;
    }

    Decision open(Entry.JobOpened asked) {
        var opening = asked.opening().message();
        var job = jobs.get(opening.jobId());
        if (job == null) {
            return Decision.accept(asked);
        }
        return job.notary().equals(opening.notary())
                ? Decision.noChange()
                : Decision.reject(
                        Rejection.JOB_EXISTS, "job " + job.id() + " has notary " + job.notary());
    }

    Decision record(Entry.AgreementRecorded asked) {
        var agreement = asked.agreement().agreement();
        var id = JobOpening.jobId(agreement.specHash(), agreement.payer(), agreement.salt());
        if (!agreement.jobId().equals(id)) {
            return Decision.reject(
                    Rejection.JOB_MISMATCH,
                    "the agreement says job " + agreement.jobId() + ", its fields say " + id);
        }
        var job = jobs.get(id);
        if (job == null) {
            return unknown(id);
        }
        if (job.engagements().contains(engagement(agreement))) {
            return Decision.noChange();
        }
        return job.isOpen() ? Decision.accept(asked) : closed(job);
    }

    Decision close(Entry.JobClosed asked) {
        var closing = asked.closing().message();
        var job = jobs.get(closing.jobId());
        if (job == null) {
            return unknown(closing.jobId());
        }
        if (!closing.closer().equals(job.payer()) && !closing.closer().equals(job.notary())) {
            return Decision.reject(
                    Rejection.NOT_JOB_PARTY,
                    closing.closer() + " is neither payer nor notary of job " + job.id());
        }
        return switch (job.status()) {
            case Status.Open() -> Decision.accept(asked);
            case Status.Closed ended ->
                    ended.end() == closing.end() && ended.resultHash().equals(closing.resultHash())
                            ? Decision.noChange()
                            : closed(job);
        };
    }

    void apply(JobOpening opening, Instant time) {
        put(
                new JobRecord(
                        opening.jobId(),
                        opening.specHash(),
                        opening.payer(),
                        opening.notary(),
                        time,
                        List.of(),
                        new Status.Open()));
    }

    void apply(Agreement agreement) {
        var job = known(agreement.jobId());
        var engagements = new ArrayList<>(job.engagements());
        engagements.add(engagement(agreement));
        jobs.put(job.id(), with(job, engagements, job.status()));
    }

    void apply(JobClosing closing, Instant time) {
        var job = known(closing.jobId());
        open.merge(job.payer(), -1, Integer::sum);
        jobs.put(job.id(), with(job, job.engagements(), status(closing, time)));
    }

    /** Adds a job that is not known yet. */
    void put(JobRecord job) {
        jobs.put(job.id(), job);
        if (job.isOpen()) {
            open.merge(job.payer(), 1, Integer::sum);
        }
    }

    Optional<JobRecord> job(Bytes32 id) {
        return Optional.ofNullable(jobs.get(id));
    }

    /** Whether {@code agreement} was recorded. */
    boolean has(Agreement agreement) {
        var job = jobs.get(agreement.jobId());
        return job != null && job.engagements().contains(engagement(agreement));
    }

    /** How many jobs of {@code payer} are not closed. */
    int openOf(Account payer) {
        return open.getOrDefault(payer, 0);
    }

    private JobRecord known(Bytes32 id) {
        return job(id).orElseThrow(() -> new IllegalStateException("no job " + id));
    }

    private static JobRecord with(JobRecord job, List<Engagement> engagements, Status status) {
        return new JobRecord(
                job.id(),
                job.specHash(),
                job.payer(),
                job.notary(),
                job.opened(),
                engagements,
                status);
    }

    private Engagement engagement(Agreement agreement) {
        return new Engagement(agreement.payee(), agreement.digest(domain));
    }

    private static Status.Closed status(JobClosing closing, Instant time) {
        return new Status.Closed(closing.end(), closing.resultHash(), closing.closer(), time);
    }

    private static Decision unknown(Bytes32 job) {
        return Decision.reject(Rejection.JOB_UNKNOWN, "no job " + job);
    }

    private static Decision closed(JobRecord job) {
        return Decision.reject(
                Rejection.JOB_CLOSED, "job " + job.id() + " is over: " + job.status());
    }
}
