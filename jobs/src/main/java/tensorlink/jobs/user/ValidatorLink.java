package tensorlink.jobs.user;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.exchange.Suspicion;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.OwnStage;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.HeldJob;
import tensorlink.jobs.message.JobRecords;
import tensorlink.jobs.message.JobStatus;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.worker.OwnNode;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The validator of one job, as its user talks to it; when it is lost, another one. Safe for use by
 * any thread.
 *
 * <p>While the job runs the validator is asked how it stands, again and again ({@link #watch}).
 * What it says of workers is heeded where the user misses them too: of two witnesses each may be
 * patient with less. A validator that stays silent, or has forgotten the job, is replaced by one
 * that is handed everything that is signed ({@link JobRecords}).
 */
public final class ValidatorLink {
    private static final Logger log = LoggerFactory.getLogger(ValidatorLink.class);

    /** So many beats a worker must have missed before a validator is believed that it is lost. */
    private static final int BEATS_MISSED_MIN = 3;

    private final Party party;
    private final Asker asker;
    private final JobLimits limits;
    private final Validators validators;
    private final List<OwnNode> own;
    private final Sealed<JobRequest> sealed;
    private final JobRequest request;
    private final JobPlan plan;
    private final ReentrantLock changing = new ReentrantLock();
    private volatile PeerInfo validator;
    private volatile @Nullable JobRecords records;

    private ValidatorLink(
            Means means, Sealed<JobRequest> request, JobPlan plan, PeerInfo validator) {
        this.party = means.party();
        this.asker = new Asker(party);
        this.limits = means.limits();
        this.validators = means.validators();
        this.own = means.own();
        this.sealed = request;
        this.request = request.content();
        this.plan = plan;
        this.validator = validator;
    }

    /**
     * Has a validator find workers.
     *
     * @param layers of the model
     * @param progress told how far it has come
     * @throws JobException when no validator answers, or the one that does finds no workers
     */
    public static ValidatorLink request(
            Means means, Sealed<JobRequest> request, int layers, Consumer<String> progress)
            throws IOException, InterruptedException {
        var search = new Search(means, request, layers, progress);
        var familiar = means.validators().familiar();
        if (familiar.isPresent()) {
            var link = search.ask(familiar.get());
            if (link != null) {
                return link;
            }
        }
        for (var other : means.validators().others(familiar.map(PeerInfo::id).orElse(null))) {
            var link = search.ask(other);
            if (link != null) {
                return link;
            }
        }
        throw search.failed();
    }

    /** The validator of a job that an earlier process of this user has begun. */
    public static ValidatorLink of(Means means, Sealed<JobRequest> request, HeldJob held) {
        var records = held.records();
        var arbiter = records.agreements().getFirst().agreement().arbiter();
        var plan = new JobPlan(held.job(), records.stages(), Duration.ZERO, arbiter);
        var link = new ValidatorLink(means, request, plan, held.validator());
        link.records = records;
        means.party().host().peers().add(held.validator());
        return link;
    }

    /** What is known of the job once its agreements are recorded. */
    public Optional<JobRecords> records() {
        return Optional.ofNullable(records);
    }

    /** One validator after the other is asked. */
    private static final class Search {
        private final Means means;
        private final Sealed<JobRequest> request;
        private final int layers;
        private final Consumer<String> progress;
        private @Nullable IOException unreachable;

        Search(Means means, Sealed<JobRequest> request, int layers, Consumer<String> progress) {
            this.means = means;
            this.request = request;
            this.layers = layers;
            this.progress = progress;
        }

        /** Returns null when another is to be asked. */
        @Nullable ValidatorLink ask(PeerInfo validator) throws JobException, InterruptedException {
            var party = means.party();
            party.host().peers().add(validator);
            try {
                reach(means.own(), validator);
                var answer =
                        new Asker(party)
                                .ask(
                                        validator.id(),
                                        new Question.RequestJob(request.envelope()),
                                        means.limits().requestTimeout(),
                                        progressed -> progress.accept(progressed.detail()));
                var link = new ValidatorLink(means, request, checked(answer), validator);
                means.validators().answered(validator);
                return link;
            } catch (JobException refused) {
                means.validators().answered(validator);
                throw refused;
            } catch (IOException gone) {
                means.validators().silent(validator);
                unreachable = gone;
                return null;
            }
        }

        private JobPlan checked(Answer answer) throws ProtocolViolation {
            if (!(answer instanceof Answer.Planned(var plan))) {
                throw new ProtocolViolation(
                        "it answers " + answer.getClass().getSimpleName() + ", expected a plan");
            }
            var asked = request.content();
            boolean fits =
                    plan.job().equals(asked.id())
                            && plan.layers() == layers
                            && (asked.spec().stages() == 0
                                    || plan.grid().stages() == asked.spec().stages())
                            && plan.grid().replicas() == asked.spec().training().replicas()
                            && asked.spec().own().stream().allMatch(own -> holds(plan, own));
            if (!fits) {
                throw new ProtocolViolation(
                        "its plan, "
                                + plan.stages().size()
                                + " stages for "
                                + plan.layers()
                                + " layers, is not what was asked for");
            }
            return plan;
        }

        private static boolean holds(JobPlan plan, OwnStage own) {
            return plan.stages().stream()
                    .anyMatch(stage ->
                            stage.worker().id().equals(own.node())
                                    && stage.layers().equals(own.layers()));
        }

        JobException failed() {
            return new JobException(
                    new Problem(
                            ProblemCode.NO_VALIDATOR,
                            "no validator answers",
                            unreachable == null
                                    ? "none is known on this network"
                                    : String.valueOf(unreachable.getMessage()),
                            "check that one runs, and the bootstrap addresses"),
                    unreachable == null ? new IOException("none known") : unreachable);
        }
    }

    /** Nobody can dial a node of the user's own; it dials whoever has to ask it. */
    private static void reach(List<OwnNode> own, PeerInfo validator)
            throws IOException, InterruptedException {
        for (var node : own) {
            node.reach(validator);
        }
    }

    /** The workers that it has found. */
    public JobPlan plan() {
        return plan;
    }

    /** A question that a job cannot start without the answer to. */
    private interface Asking<A> {
        A ask() throws IOException, InterruptedException;
    }

    private <A> A consult(Asking<A> asking) throws JobException, InterruptedException {
        try {
            return asking.ask();
        } catch (JobException refused) {
            throw refused;
        } catch (IOException lost) {
            throw new JobException(
                    new Problem(
                            ProblemCode.UNREACHABLE,
                            "validator " + validator.id().shortText() + " is lost",
                            String.valueOf(lost.getMessage()),
                            "ask for the job again; another validator may answer"),
                    lost);
        }
    }

    /**
     * Asks about the ledger; another validator where this one keeps none.
     *
     * @throws JobException when it refuses, or is lost
     */
    public <A extends LedgerAnswer> A askLedger(LedgerQuestion question, Class<A> expected)
            throws JobException, InterruptedException {
        return consult(() -> {
            try {
                return askLedger(validator, question, expected);
            } catch (JobException none) {
                if (none.code() != ProblemCode.NO_LEDGER) {
                    throw none;
                }
                return askElsewhere(question, expected, none);
            }
        });
    }

    private <A extends LedgerAnswer> A askElsewhere(
            LedgerQuestion question, Class<A> expected, JobException none)
            throws IOException, InterruptedException {
        for (var other : validators.others(validator.id())) {
            try {
                party.host().peers().add(other);
                return askLedger(other, question, expected);
            } catch (JobException refused) {
                if (refused.code() != ProblemCode.NO_LEDGER) {
                    throw refused;
                }
            } catch (IOException silent) {
                log.debug("{} says nothing: {}", other.id().shortText(), silent.getMessage());
            }
        }
        throw none;
    }

    private <A extends LedgerAnswer> A askLedger(
            PeerInfo keeper, LedgerQuestion question, Class<A> expected)
            throws IOException, InterruptedException {
        return asker.askLedger(keeper.id(), question, limits.requestTimeout(), expected);
    }

    /**
     * Has the job and its agreements recorded.
     *
     * @throws JobException when it refuses, or is lost
     */
    public void open(JobOpening opening, List<SignedAgreement> agreements)
            throws JobException, InterruptedException {
        var signed = party.account().sign(party.domain(), opening);
        consult(() ->
                asker.ask(
                        validator.id(),
                        new Question.OpenJob(signed, agreements),
                        limits.requestTimeout(),
                        Answer.Done.class));
        records =
                new JobRecords(
                        sealed.envelope(),
                        plan.stages(),
                        signed,
                        agreements,
                        new JobState.Agreed());
    }

    /** Says how far the job has come. */
    public void tell(JobState state) throws IOException, InterruptedException {
        var known = records;
        if (known != null) {
            records = known.in(state);
        }
        asker.ask(
                validator.id(),
                new Question.TellState(request.id(), state),
                limits.requestTimeout(),
                Answer.Done.class);
    }

    /** Who watches the job now. */
    public PeerInfo validator() {
        return validator;
    }

    /** Whether it answers, for a user that can reach no worker. */
    public boolean answers() throws InterruptedException {
        try {
            asker.ask(
                    validator.id(),
                    new Question.AskStatus(request.id()),
                    limits.capabilityTimeout(),
                    Answer.StatusTold.class);
            return true;
        } catch (JobException forgotten) {
            return true;
        } catch (IOException silent) {
            return false;
        }
    }

    /** Asks the validator how the job stands until the job is over, and does what follows. */
    public void watch(Session session) {
        party.scheduler().fork("validator-" + request.id(), () -> follow(session));
    }

    private void follow(Session session) {
        try {
            var suspicion = unsuspected();
            long nextSearch = party.scheduler().nanoTime();
            while (session.failure().isEmpty()) {
                party.scheduler().sleep(limits.beatInterval());
                if (session.failure().isPresent()
                        || ask(session, suspicion)
                        || party.scheduler().nanoTime() - nextSearch < 0) {
                    continue;
                }
                if (takeOver()) {
                    suspicion = unsuspected();
                }
                nextSearch = party.scheduler().nanoTime() + limits.silenceMax().toNanos();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Suspicion unsuspected() {
        return new Suspicion(Suspicion.Settings.of(limits), party.scheduler().nanoTime());
    }

    /** Returns whether there is a validator that watches the job, as far as one can know. */
    private boolean ask(Session session, Suspicion suspicion) throws InterruptedException {
        try {
            var told =
                    asker.ask(
                            validator.id(),
                            new Question.AskStatus(request.id()),
                            limits.capabilityTimeout(),
                            Answer.StatusTold.class);
            suspicion.heard(party.scheduler().nanoTime());
            told.status().lost().forEach(loss -> heed(session, loss));
            return true;
        } catch (JobException forgotten) {
            log.info("job {}: {}", request.id(), forgotten.getMessage());
            return false;
        } catch (IOException silent) {
            return !suspicion.isSuspect(party.scheduler().nanoTime());
        }
    }

    private void heed(Session session, JobStatus.Loss loss) {
        for (var link : session.links()) {
            if (link.plan().worker().id().equals(loss.worker())
                    && link.silence()
                                    .compareTo(limits.beatInterval().multipliedBy(BEATS_MISSED_MIN))
                            > 0) {
                link.miss(
                        new IOException(
                                "nothing came for "
                                        + link.silence().toMillis()
                                        + " ms, and its validator misses it too; "
                                        + loss.replacement().shortText()
                                        + " has room"));
            }
        }
    }

    /** Has another validator watch the job on, or the same again; false when nobody will. */
    private boolean takeOver() throws InterruptedException {
        changing.lockInterruptibly();
        try {
            var known = records;
            if (known == null) {
                return false;
            }
            validators.silent(validator);
            var candidates = new ArrayList<>(validators.others(validator.id()));
            candidates.add(validator); // it may have been started anew
            for (var candidate : candidates) {
                if (takesOver(candidate, known)) {
                    return true;
                }
            }
        } catch (IOException unknown) {
            log.warn("job {}: no other validator is known: {}", request.id(), unknown.getMessage());
        } finally {
            changing.unlock();
        }
        return false;
    }

    private boolean takesOver(PeerInfo candidate, JobRecords known) throws InterruptedException {
        try {
            party.host().peers().add(candidate);
            reach(own, candidate);
            asker.ask(
                    candidate.id(),
                    new Question.TakeOver(known),
                    limits.requestTimeout(),
                    Answer.Done.class);
            log.info("job {} is watched by {} now", request.id(), candidate.id().shortText());
            validator = candidate;
            validators.answered(candidate);
            return true;
        } catch (IOException unwilling) {
            log.warn(
                    "job {}: {} does not watch it: {}",
                    request.id(),
                    candidate.id().shortText(),
                    unwilling.getMessage());
            return false;
        }
    }

    /**
     * Says that the job is over; to another validator when its own does not hear.
     *
     * @param receipts the last of each stage
     */
    public void close(JobClosing closing, List<Signed<UsageReceipt>> receipts)
            throws IOException, InterruptedException {
        var question =
                new Question.CloseJob(party.account().sign(party.domain(), closing), receipts);
        try {
            tellEnd(question);
        } catch (IOException unheard) {
            if (!takeOver()) {
                throw unheard;
            }
            tellEnd(question);
        }
    }

    private void tellEnd(Question.CloseJob question) throws IOException, InterruptedException {
        asker.ask(validator.id(), question, limits.closeTimeout(), Answer.Done.class);
    }
}
