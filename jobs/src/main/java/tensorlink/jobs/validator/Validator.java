package tensorlink.jobs.validator;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.format.AtomicFile;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobJournal;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.JobRecords;
import tensorlink.jobs.message.JobStatus;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.message.WorkStatement;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Account;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * Finds workers for users' jobs, records the jobs on the ledger and says how they stand. Safe for
 * use by any thread.
 */
public final class Validator implements Answerer, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Validator.class);
    private static final int JOBS_MAX = 10_000;
    private static final String WORK = ".work";

    private final Party party;
    private final Asker asker;
    private final Workforce workforce;
    private final LinkBook links;
    private final @Nullable Till till;
    private final @Nullable Arbiter arbiter;
    private final Path folder;
    private final JobLimits limits;
    private final ConcurrentMap<JobId, Watched> jobs = new ConcurrentHashMap<>();

    /** A job, and the timer that ends it; changed under its lock. */
    private static final class Watched {
        final tensorlink.jobs.job.Sealed<JobRequest> sealed;
        final JobRequest request;
        final Job job;
        final ReentrantLock lock = new ReentrantLock();
        volatile List<StagePlan> stages = List.of();
        volatile List<SignedAgreement> agreements = List.of();
        volatile Scheduler.Task timer = () -> {};
        volatile @Nullable Receipts receipts;
        volatile @Nullable Watch watch;

        Watched(tensorlink.jobs.job.Sealed<JobRequest> sealed, Job job) {
            this.sealed = sealed;
            this.request = sealed.content();
            this.job = job;
        }

        void leave() {
            timer.cancel();
            var watching = watch;
            if (watching != null) {
                watching.stop();
            }
            var kept = receipts;
            if (kept != null) {
                kept.close();
            }
            try {
                job.close();
            } catch (IOException unwritten) {
                log.error("job {}: its journal cannot be closed", job.id(), unwritten);
            }
        }
    }

    /** A job this validator watches, for people. */
    public record Case(
            JobId job, PeerId user, Account payer, List<Account> payees, JobState state) {
        public Case {
            payees = List.copyOf(payees);
        }
    }

    /**
     * @param till the network's ledger; null where nothing is paid
     * @param folder for journals
     */
    public Validator(
            Party party, Directory directory, @Nullable Till till, Path folder, JobLimits limits) {
        this.party = party;
        this.asker = new Asker(party);
        this.workforce = new Workforce(directory, party.scheduler());
        this.links = new LinkBook(party, asker, limits);
        this.till = till;
        this.arbiter = till == null ? null : new Arbiter(party, till, folder);
        this.folder = folder;
        this.limits = limits;
    }

    /** The jobs watched since the start. */
    public List<Case> cases() {
        return jobs.values().stream()
                .map(watched ->
                        new Case(
                                watched.request.id(),
                                watched.request.user(),
                                watched.request.payer(),
                                watched.stages.stream().map(StagePlan::account).toList(),
                                watched.job.state()))
                .toList();
    }

    /**
     * The best receipt of each worker of a job that is or was watched here, also before this
     * validator was started again.
     *
     * @throws IOException when what is kept of them cannot be read
     */
    public List<Signed<UsageReceipt>> receipts(JobId job) throws IOException {
        var watched = jobs.get(job);
        var receipts = watched == null ? null : watched.receipts;
        return receipts == null
                ? Receipts.read(receiptsOf(job), job, party.domain())
                : receipts.all();
    }

    private Path receiptsOf(JobId job) {
        return folder.resolve(job.hex() + ".receipts");
    }

    /**
     * What this validator says of each job that it watched to its good end, also before it was
     * started again: envelopes for {@link tensorlink.jobs.message.Seals#openWork}.
     *
     * @param known of which the caller has it
     * @throws IOException when what is kept cannot be read
     */
    public List<ByteString> works(Predicate<JobId> known) throws IOException {
        var works = new ArrayList<ByteString>();
        if (!Files.isDirectory(folder)) {
            return works;
        }
        try (var files = Files.newDirectoryStream(folder, "*" + WORK)) {
            for (var file : files) {
                var name = file.getFileName().toString();
                var job = JobId.parse(name.substring(0, name.length() - WORK.length()));
                if (!known.test(job)) {
                    works.add(ByteString.copyFrom(Files.readAllBytes(file)));
                }
            }
        }
        return works;
    }

    /** On disk before the job is noted as complete: who gave what to it. */
    private void keepWork(Watched watched, Question.CloseJob close)
            throws IOException, InterruptedException {
        var receipts = watched.receipts;
        if (receipts == null) {
            return;
        }
        var shares = new ArrayList<WorkStatement.Share>();
        for (int stage = 0; stage < watched.stages.size(); stage++) {
            var agreement = watched.agreements.get(stage);
            var layers = watched.stages.get(stage).layers();
            receipts.all().stream()
                    .filter(it -> it.message().payee().equals(agreement.agreement().payee()))
                    .filter(it -> it.message().units() > 0)
                    .findFirst()
                    .ifPresent(it -> shares.add(new WorkStatement.Share(layers, agreement, it)));
        }
        if (shares.isEmpty()) {
            return;
        }
        var id = watched.request.id();
        var now = party.scheduler().now();
        try {
            var work =
                    new WorkStatement(
                            watched.sealed,
                            close.closing(),
                            now.truncatedTo(ChronoUnit.SECONDS),
                            runningTime(JobJournal.read(journal(id)), now).toSeconds(),
                            shares);
            AtomicFile.write(
                    folder.resolve(id.hex() + WORK), party.seals().sealWork(work).toByteArray());
        } catch (IllegalArgumentException tooLarge) {
            log.warn("job {}: its work cannot be stated: {}", id, tooLarge.getMessage());
        }
    }

    private static Duration runningTime(List<JobJournal.Entry> states, Instant now) {
        for (var entered : states) {
            if (entered.state() instanceof JobState.Running) {
                var time = Duration.between(entered.at(), now);
                return time.isNegative() ? Duration.ZERO : time;
            }
        }
        return Duration.ZERO;
    }

    private Path journal(JobId job) {
        return folder.resolve(job.hex() + ".journal");
    }

    @Override
    public boolean answers(Question question) {
        return switch (question) {
            case Question.AskCapability _,
                    Question.MakeOffer _,
                    Question.ReleaseOffer _,
                    Question.MeasureLink _,
                    Question.AskBeat _ ->
                    false;
            case Question.RequestJob _,
                    Question.OpenJob _,
                    Question.TellState _,
                    Question.CloseJob _,
                    Question.TakeOver _,
                    Question.Contest _,
                    Question.AskStatus _,
                    Question.AskLedger _ ->
                    true;
        };
    }

    @Override
    public Answer answer(PeerId from, Question question, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
        return switch (question) {
            case Question.RequestJob request -> recruit(from, request, progress);
            case Question.OpenJob open -> open(from, open);
            case Question.TellState(var job, var state) -> advance(from, job, state);
            case Question.CloseJob close -> close(close);
            case Question.TakeOver(var records) -> takeOver(from, records);
            case Question.Contest contest ->
                    new Answer.LedgerTold(new LedgerAnswer.Came(contest(contest)));
            case Question.AskStatus(var job) -> status(job);
            case Question.AskLedger(var asked) -> new Answer.LedgerTold(till().answer(asked));
            case Question.AskCapability _,
                    Question.MakeOffer _,
                    Question.ReleaseOffer _,
                    Question.MeasureLink _,
                    Question.AskBeat _ ->
                    throw new IllegalArgumentException("not a validator's: " + question);
        };
    }

    private Answer recruit(
            PeerId from, Question.RequestJob asked, Consumer<Answer.Progressed> progress)
            throws IOException, InterruptedException {
        requireRoom();
        tensorlink.jobs.job.Sealed<JobRequest> request;
        try {
            request = party.seals().openJobRequest(asked.envelope());
        } catch (SealException refused) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job refused",
                    String.valueOf(refused.getMessage()),
                    "check the clock of the machine that asks");
        }
        if (!request.signer().equals(from)) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job refused",
                    "the request is signed by " + request.signer() + ", not by who hands it in",
                    "");
        }
        var id = request.content().id();
        if (jobs.containsKey(id)) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job refused",
                    "job " + id + " was asked for before",
                    "ask with another salt");
        }
        var job = Job.begin(id, JobJournal.open(journal(id)), () -> party.scheduler().now());
        var watched = new Watched(request, job);
        jobs.put(id, watched);
        try {
            var workers = workforce.find();
            job.become(new JobState.Planned());
            job.become(new JobState.Recruiting());
            var plan =
                    new Recruiting(
                                    party,
                                    asker,
                                    limits,
                                    request,
                                    arbiter == null ? Account.ZERO : arbiter.forNewJobs(),
                                    links,
                                    suspects(),
                                    progress)
                            .recruit(workers);
            watched.stages = plan.stages();
            watched.timer =
                    party.scheduler()
                            .after(
                                    limits.reservation(),
                                    () ->
                                            end(
                                                    watched,
                                                    new JobState.Cancelled(
                                                            "its user did not sign in time")));
            log.info("job {} planned on {} workers", id, plan.stages().size());
            return new Answer.Planned(plan);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            end(watched, new JobState.Failed(String.valueOf(failed.getMessage())));
            throw failed;
        }
    }

    private void requireRoom() throws JobException {
        if (jobs.size() >= JOBS_MAX) {
            jobs.values().removeIf(watched -> watched.job.state().isOver());
        }
        if (jobs.size() >= JOBS_MAX) {
            throw new JobException(
                    ProblemCode.NO_CAPACITY,
                    "job refused",
                    "this validator watches " + JOBS_MAX + " jobs, and no more",
                    "ask another validator, or later");
        }
    }

    /** Workers that are silent in one job need not be asked for another. */
    private Set<PeerId> suspects() {
        var suspects = new HashSet<PeerId>();
        for (var watched : jobs.values()) {
            var watch = watched.watch;
            if (watch != null) {
                suspects.addAll(watch.suspects());
            }
        }
        return suspects;
    }

    private Answer open(PeerId from, Question.OpenJob open)
            throws IOException, InterruptedException {
        var watched = watched(from, new JobId(open.opening().message().jobId()));
        watched.lock.lockInterruptibly();
        try {
            requireNext(watched, new JobState.Agreed());
            return open(watched, open);
        } finally {
            watched.lock.unlock();
        }
    }

    private Answer open(Watched watched, Question.OpenJob open)
            throws IOException, InterruptedException {
        if (watched.stages.isEmpty()) {
            throw notNext(watched, new JobState.Agreed());
        }
        note(watched, open.opening(), open.agreements());
        watched.timer.cancel();
        if (!watched.job.tryBecome(new JobState.Agreed())) {
            throw notNext(watched, new JobState.Agreed());
        }
        watched.timer =
                party.scheduler()
                        .after(
                                watched.request.spec().lifetime(),
                                () -> end(watched, new JobState.Expired()));
        watch(watched, open.agreements());
        return new Answer.Done(till != null && till.notesJobs() ? "recorded" : "noted");
    }

    /** Judges what is signed of a job, and records it where there is a ledger. */
    private void note(Watched watched, Signed<JobOpening> opening, List<SignedAgreement> agreements)
            throws IOException, InterruptedException {
        if (agreements.size() != watched.stages.size()) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not opened",
                    agreements.size() + " agreements do not fit its plan",
                    "");
        }
        for (int stage = 0; stage < watched.stages.size(); stage++) {
            var agreement = agreements.get(stage);
            if (!agreement.agreement().jobId().equals(watched.request.id().word())
                    || !agreement.agreement().payee().equals(watched.stages.get(stage).account())
                    || !agreement.isAuthentic(party.domain())) {
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "job not opened",
                        "agreement " + stage + " is not signed by user and worker",
                        "");
            }
        }
        watched.agreements = List.copyOf(agreements);
        if (arbiter != null) {
            arbiter.keep(opening, agreements, watched.stages);
        }
        if (till != null && till.notesJobs()) {
            record("opening", till.ledger().openJob(opening));
            for (var agreement : agreements) {
                record("agreement", till.ledger().recordAgreement(agreement));
            }
        }
    }

    private void watch(Watched watched, List<SignedAgreement> agreements) throws IOException {
        var id = watched.request.id();
        var receipts = Receipts.open(receiptsOf(id), id, party.domain(), agreements);
        watched.receipts = receipts;
        var watch =
                new Watch(
                        party, limits, watched.request.id(), watched.stages, this::spare, receipts);
        watched.watch = watch.start();
        if (watched.job.state().isOver()) {
            watch.stop();
        }
    }

    /** The one with the most room, where somebody has enough. */
    private Optional<PeerId> spare(StagePlan stage, Set<PeerId> engaged)
            throws IOException, InterruptedException {
        var suspects = suspects();
        var others =
                workforce.find().stream()
                        .filter(it -> !engaged.contains(it.id()) && !suspects.contains(it.id()))
                        .toList();
        return new Survey(party, asker, limits)
                .of(others).values().stream()
                        .filter(it -> it.capability().freeBytes() >= stage.memoryBytes())
                        .max(Comparator.comparingLong(it -> it.capability().freeBytes()))
                        .map(it -> it.worker().id());
    }

    /** Watches a job on whose own validator is lost, as far as what is signed bears it out. */
    private Answer takeOver(PeerId from, JobRecords records)
            throws IOException, InterruptedException {
        var sealed = Takeover.judge(party, from, records);
        var request = sealed.content();
        var known = jobs.get(request.id());
        if (known != null && !known.job.state().isOver()) {
            return new Answer.Done("watched already");
        }
        requireRoom();
        var job =
                Job.begin(
                        request.id(),
                        JobJournal.open(journal(request.id())),
                        () -> party.scheduler().now());
        var watched = new Watched(sealed, job);
        watched.stages = records.stages();
        try {
            note(watched, records.opening(), records.agreements());
            for (var state : Takeover.way(records.state())) {
                job.become(state);
            }
            var left = Takeover.left(records, party.scheduler().now());
            watched.timer =
                    party.scheduler().after(left, () -> end(watched, new JobState.Expired()));
            watch(watched, records.agreements());
        } catch (IOException | InterruptedException | RuntimeException refused) {
            end(watched, new JobState.Failed(String.valueOf(refused.getMessage())));
            throw refused;
        }
        jobs.put(request.id(), watched);
        log.info("job {} taken over, {}", request.id(), records.state().label());
        return new Answer.Done("taken over");
    }

    private Answer advance(PeerId from, JobId id, JobState state) throws IOException {
        var watched = watched(from, id);
        boolean told = state instanceof JobState.Loading || state instanceof JobState.Running;
        if (!told || !watched.job.tryBecome(state)) {
            throw notNext(watched, state);
        }
        return new Answer.Done("noted");
    }

    private static void requireNext(Watched watched, JobState state) throws JobException {
        if (!watched.job.state().mayBecome(state)) {
            throw notNext(watched, state);
        }
    }

    private static JobException notNext(Watched watched, JobState state) {
        return new JobException(
                ProblemCode.MALFORMED,
                "state not noted",
                "job "
                        + watched.request.id()
                        + " is "
                        + watched.job.state().label()
                        + ", not before "
                        + state.label(),
                "ask for a new job");
    }

    private Answer close(Question.CloseJob close) throws IOException, InterruptedException {
        var closing = close.closing().message();
        var watched = jobs.get(new JobId(closing.jobId()));
        if (watched == null
                || !closing.closer().equals(watched.request.payer())
                || !close.closing().isAuthentic(party.domain())) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job not closed",
                    "the closing is not signed by the payer of a job here",
                    "");
        }
        watched.lock.lockInterruptibly();
        try {
            close(watched, close);
        } finally {
            watched.lock.unlock();
        }
        return new Answer.Done("closed");
    }

    private void close(Watched watched, Question.CloseJob close)
            throws IOException, InterruptedException {
        var state = watched.job.state();
        boolean recorded =
                state instanceof JobState.Agreed
                        || state instanceof JobState.Loading
                        || state instanceof JobState.Running;
        var receipts = watched.receipts;
        if (receipts != null) {
            close.receipts().forEach(receipts::add);
        }
        var ended = state(close.closing().message().end(), state);
        if (ended instanceof JobState.Completed) {
            keepWork(watched, close);
        }
        end(watched, ended);
        if (state instanceof JobState.Recruiting) {
            // Its user gave up before all had signed: the others need not wait for it.
            new Release(party, asker, limits).all(watched.request.id(), watched.stages);
        }
        if (till != null && till.notesJobs() && recorded) {
            record("closing", till.ledger().closeJob(close.closing()));
        }
    }

    private static JobState state(JobEnd end, JobState now) {
        return switch (end) {
            case COMPLETED ->
                    now instanceof JobState.Running
                            ? new JobState.Completed()
                            : new JobState.Cancelled("closed before it ran");
            case CANCELLED -> new JobState.Cancelled("by its user");
            case EXPIRED -> new JobState.Expired();
            case FAILED -> new JobState.Failed("reported by its user");
        };
    }

    private Answer status(JobId id) throws JobException {
        var watched = jobs.get(id);
        if (watched == null) {
            throw unknown(id);
        }
        var watch = watched.watch;
        return new Answer.StatusTold(
                new JobStatus(
                        watched.job.state(),
                        watched.stages,
                        watch == null ? List.of() : watch.losses()));
    }

    private Watched watched(PeerId from, JobId id) throws JobException {
        var watched = jobs.get(id);
        if (watched == null || !watched.request.user().equals(from)) {
            throw unknown(id);
        }
        return watched;
    }

    private static JobException unknown(JobId id) {
        return new JobException(
                ProblemCode.NOT_ALLOWED,
                "no such job",
                "this validator watches no job " + id + " of yours",
                "");
    }

    private Till till() throws JobException {
        if (till == null) {
            throw noLedger();
        }
        return till;
    }

    private static JobException noLedger() {
        return new JobException(
                ProblemCode.NO_LEDGER,
                "no ledger here",
                "this validator keeps no ledger",
                "use workers that ask for no price, or a validator with a ledger");
    }

    private Outcome contest(Question.Contest contest) throws IOException, InterruptedException {
        if (arbiter == null) {
            throw noLedger();
        }
        return arbiter.judge(contest, receipts(contest.job()));
    }

    private static void record(String what, Outcome outcome) throws JobException {
        if (outcome instanceof Outcome.Rejected(var code, var message)) {
            throw new JobException(
                    ProblemCode.PAYMENT,
                    what + " not recorded",
                    code.errorName() + ": " + message,
                    "");
        }
    }

    private static void end(Watched watched, JobState state) {
        try {
            watched.job.end(state);
        } catch (IOException unwritten) {
            log.error("job {}: its journal cannot be written", watched.job.id(), unwritten);
        }
        watched.leave();
    }

    /** Watches no job any more; those that run go on, and another validator may take them over. */
    @Override
    public void close() {
        jobs.values().forEach(Watched::leave);
    }
}
