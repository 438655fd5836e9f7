package tensorlink.jobs;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Digest;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Dossier;
import tensorlink.jobs.message.HeldJob;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Neighbour;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.TensorSizes;
import tensorlink.jobs.user.Deadline;
import tensorlink.jobs.user.Means;
import tensorlink.jobs.user.Pipeline;
import tensorlink.jobs.user.RoundTrips;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.user.StageAccount;
import tensorlink.jobs.user.TrainingRecord;
import tensorlink.jobs.user.ValidatorLink;
import tensorlink.jobs.user.WorkerLink;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobEnd;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Outcome;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PeerId;

/**
 * One attempt to start a job; {@link #undo} frees what it has taken when it fails. When it has
 * started, this is what is needed to link it anew and to end it.
 */
final class Starting implements Recovery.Hold {
    private static final Logger log = LoggerFactory.getLogger(Starting.class);

    private final Means means;
    private final Party party;
    private final JobLimits limits;
    private final WeightsServer weights;
    private final Wanted wanted;
    private final Origin from;
    private final Sealed<JobRequest> sealed;
    private final JobRequest request;
    private final Job job;
    private final JobListener listener;
    private final List<WorkerLink> links = new CopyOnWriteArrayList<>();
    private final Set<PeerId> unwilling = new LinkedHashSet<>();
    private volatile List<String> profiles = List.of();
    private volatile Duration predicted = Duration.ZERO;
    private volatile @Nullable ValidatorLink validator;
    private volatile @Nullable Session session;
    private volatile @Nullable Problem lost;
    private volatile @Nullable Problem cancelled;

    Starting(Means means, Wanted wanted, Origin from, Sealed<JobRequest> sealed, Job job) {
        this.means = means;
        this.party = means.party();
        this.limits = means.limits();
        this.weights = means.weights();
        this.wanted = wanted;
        this.from = from;
        this.sealed = sealed;
        this.request = sealed.content();
        this.job = job;
        this.listener = wanted.listener();
    }

    Recovery.Started run() throws IOException, InterruptedException {
        var of =
                ValidatorLink.request(
                        means,
                        sealed,
                        wanted.model().architecture().layers(),
                        told -> listener.entered(job.state(), told));
        validator = of;
        var plan = of.plan();
        enter(new JobState.Planned(), described(plan));
        requireAffordable(plan);
        enter(new JobState.Recruiting(), "");
        sign(plan);
        var workers = plan.stages().stream().map(stage -> stage.worker().id()).toList();
        var roundTrips = RoundTrips.begin(party, plan.grid(), workers);
        announce();
        enter(new JobState.Agreed(), "");
        var route = route(plan);
        var started = new Session(party.scheduler(), limits, job, route, links);
        session = started;
        profiles = load(started);
        link(started);
        enter(new JobState.Running(), "");
        of.watch(started);
        predicted =
                plan.predicted().isZero()
                        ? Duration.ZERO
                        : plan.predicted().plus(roundTrips.ofStep(request.spec().purpose()));
        return new Recovery.Started(started, profiles, predicted, this);
    }

    /**
     * Goes on with the job that an earlier process of this user has begun: the same agreements and
     * accounts, with the workers that hold its stages.
     *
     * @throws IOException when not all of them do; then none holds its stage any longer
     */
    Recovery.Started takeUp(HeldJob held, TrainingRecord record)
            throws IOException, InterruptedException {
        var of = ValidatorLink.of(means, sealed, held);
        validator = of;
        profiles = held.profiles();
        var accounts = new ArrayList<StageAccount>();
        for (var agreement : held.records().agreements()) {
            accounts.add(new StageAccount(party, means.purse(), agreement.agreement()));
        }
        record.takeUp(accounts);
        var taken = new ArrayList<WorkerLink>();
        try {
            for (int stage = 0; stage < accounts.size(); stage++) {
                taken.add(
                        WorkerLink.resume(
                                party,
                                limits,
                                request.id(),
                                of.plan().stages().get(stage),
                                stage,
                                held.records().agreements().get(stage),
                                accounts.get(stage),
                                this::lost));
            }
            requireWanted();
            var started = linked(route(of.plan()), taken);
            listener.entered(job.state(), "job " + job.id() + ", gone on with");
            return started;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            links.clear();
            links.addAll(taken);
            throw failed;
        }
    }

    private static String described(JobPlan plan) {
        var grid = plan.grid();
        var stages =
                grid.stages()
                        + " stages"
                        + (grid.replicas() == 1 ? "" : " in " + grid.replicas() + " replicas");
        return plan.predicted().isZero()
                ? stages
                : stages + ", a step is predicted to take " + plan.predicted().toMillis() + " ms";
    }

    /** How it stands. */
    JobReport report() {
        var state = job.state();
        return new JobReport(
                job.id(), state, state.reason(), 0, Duration.ZERO, Duration.ZERO, List.of());
    }

    /** The workers that were lost, late, did other than told or did not sign. */
    Set<PeerId> blamed() {
        var blamed = new LinkedHashSet<>(unwilling);
        for (var link : links) {
            if (link.isToBlame()) {
                blamed.add(link.plan().worker().id());
            }
        }
        return blamed;
    }

    void undo(Throwable cause) {
        weights.withdraw(request.id());
        var problem =
                new Problem(
                        ProblemCode.ENDED,
                        "job " + request.id() + " did not start",
                        String.valueOf(cause.getMessage()),
                        "");
        var started = session;
        var givenUp = cancelled;
        if (started != null && givenUp != null) {
            started.cancel(givenUp);
        } else if (started != null) {
            started.fail(problem);
        }
        links.forEach(link -> link.leave(problem));
        try {
            job.end(
                    givenUp == null
                            ? new JobState.Failed(String.valueOf(cause.getMessage()))
                            : new JobState.Cancelled(givenUp.why()));
            job.close();
        } catch (IOException unwritten) {
            log.error("job {}: its journal cannot be written", request.id(), unwritten);
        }
        if (!(cause instanceof InterruptedException)) {
            tellEnd(givenUp == null ? JobEnd.FAILED : JobEnd.CANCELLED, null);
        }
    }

    /** Gives the attempt up; the thread that makes it fails of that, soon. */
    void cancel(String reason) {
        var problem =
                new Problem(ProblemCode.ENDED, "job " + request.id() + " is over", reason, "");
        cancelled = problem;
        var started = session;
        if (started != null) {
            started.cancel(problem);
        }
        links.forEach(link -> link.leave(problem));
    }

    /**
     * Returns while nobody has cancelled it.
     *
     * @throws JobException when somebody has
     */
    void requireWanted() throws JobException {
        var problem = cancelled;
        if (problem != null) {
            throw new JobException(problem);
        }
    }

    private void enter(JobState state, String detail) throws IOException, InterruptedException {
        requireWanted();
        var started = session;
        if (!job.tryBecome(state)) {
            if (started != null) {
                started.check(); // what it has failed of meanwhile
            }
            throw new IllegalStateException("job " + job.id() + " cannot become " + state.label());
        }
        listener.entered(state, detail);
        if (state instanceof JobState.Loading || state instanceof JobState.Running) {
            try {
                validator().tell(state);
            } catch (IOException unheard) {
                listener.warned("the validator does not hear of it: " + unheard.getMessage());
            }
        }
    }

    // Money.

    private void requireAffordable(JobPlan plan) throws IOException, InterruptedException {
        var free = plan.stages().stream().allMatch(stage -> stage.unitPrice().isZero());
        if (free) {
            return;
        }
        if (request.maxPrice().isZero()) {
            throw new JobException(
                    ProblemCode.PAYMENT,
                    "the workers want to be paid",
                    "they ask "
                            + plan.stages().getFirst().unitPrice()
                            + " per token and layer, the job may cost nothing",
                    "set a price: JobOptions.maxPrice, or --max-price");
        }
        cover(request.maxPrice());
    }

    /** Sees to it that the deposit covers {@code price}. */
    private void cover(Amount price) throws IOException, InterruptedException {
        var me = party.account().account();
        var statement = statement(me);
        if (!price.isMoreThan(statement.cover())) {
            return;
        }
        var missing = price.minus(statement.cover());
        if (missing.isMoreThan(statement.credits())) {
            var granted = ask(new LedgerQuestion.Grant(me), LedgerAnswer.Came.class);
            requireDone("credit", granted.outcome());
            statement = statement(me);
        }
        if (missing.isMoreThan(statement.credits())) {
            throw new JobException(
                    ProblemCode.PAYMENT,
                    "not enough credits",
                    "the job may cost "
                            + price
                            + ", you have "
                            + statement.credits().plus(statement.cover()),
                    "set a lower price, or have credits issued to " + me);
        }
        var deposit =
                party.account()
                        .sign(party.domain(), new Deposit(me, statement.deposited().plus(missing)));
        requireDone(
                "deposit",
                ask(new LedgerQuestion.MakeDeposit(deposit), LedgerAnswer.Came.class).outcome());
    }

    private LedgerAnswer.Statement statement(Account account)
            throws IOException, InterruptedException {
        return ask(new LedgerQuestion.OfAccount(account), LedgerAnswer.Statement.class);
    }

    private <A extends LedgerAnswer> A ask(LedgerQuestion question, Class<A> expected)
            throws IOException, InterruptedException {
        return validator().askLedger(question, expected);
    }

    private void requireDone(String what, Outcome outcome) throws JobException {
        if (outcome instanceof Outcome.Rejected(var code, var message)) {
            throw new JobException(
                    ProblemCode.PAYMENT, "no " + what, code.errorName() + ": " + message, "");
        }
    }

    // Agreements.

    private void sign(JobPlan plan) throws JobException, InterruptedException {
        for (int stage = 0; stage < plan.stages().size(); stage++) {
            var of = plan.stages().get(stage);
            try {
                links.add(
                        WorkerLink.open(
                                party,
                                limits,
                                request.id(),
                                of,
                                stage,
                                agreement(plan, of),
                                means.purse(),
                                this::lost));
            } catch (JobException unavailable) {
                unwilling.add(of.worker().id());
                throw unavailable;
            }
            listener.entered(
                    job.state(), of.layers() + " on " + of.worker().id().shortText() + ", signed");
        }
    }

    private void lost(Problem problem) {
        var started = session;
        if (started == null) {
            lost = problem;
        } else {
            started.fail(problem);
        }
    }

    private Agreement agreement(JobPlan plan, StagePlan stage) {
        var now = party.scheduler().now().truncatedTo(ChronoUnit.SECONDS);
        return new Agreement(
                request.id().word(),
                request.payer(),
                stage.account(),
                share(plan, stage),
                stage.unitPrice(),
                Bytes32.keccak(Usage.UNIT),
                now,
                now.plus(request.spec().lifetime()),
                request.specHash(),
                plan.arbiter(),
                request.salt());
    }

    /**
     * A worker's part of what the job may cost: every token passes every layer, so each earns in
     * proportion to its layers and its price.
     */
    private Amount share(JobPlan plan, StagePlan stage) {
        var all = BigInteger.ZERO;
        for (var other : plan.stages()) {
            all = all.add(pricePerToken(other));
        }
        return all.signum() == 0
                ? Amount.ZERO
                : new Amount(request.maxPrice().value().multiply(pricePerToken(stage)).divide(all));
    }

    private static BigInteger pricePerToken(StagePlan stage) {
        return stage.unitPrice().value().multiply(BigInteger.valueOf(stage.layers().size()));
    }

    /** Has the validator record the job and its agreements. */
    private void announce() throws IOException, InterruptedException {
        var opening =
                new JobOpening(request.specHash(), request.payer(), request.salt(), Account.ZERO);
        validator().open(opening, links.stream().map(WorkerLink::agreement).toList());
    }

    /** What to keep of the agreements that name an arbiter, for a dispute. */
    List<Dossier> dossiers() {
        var arbiter = validator().validator().id();
        return links.stream()
                .filter(link -> !link.agreement().agreement().arbiter().equals(Account.ZERO))
                .map(link -> new Dossier(arbiter, link.agreement(), List.of()))
                .toList();
    }

    private ValidatorLink validator() {
        return Objects.requireNonNull(validator);
    }

    // Weights and links.

    private Route route(JobPlan plan) {
        return new Route(
                plan.stages().stream()
                        .map(stage -> new Neighbour(stage.worker(), stage.layers()))
                        .toList());
    }

    /** Returns the stages' execution profiles. */
    private List<String> load(Session started) throws IOException, InterruptedException {
        var early = lost;
        if (early != null) {
            throw new JobException(early);
        }
        weights.offer(
                request.id(),
                new ModelSource(from.weights(), wanted.model().architecture(), started.route()));
        enter(new JobState.Loading(), "");
        for (var link : links) {
            link.send(
                    new Command.Load(
                            request.spec().config(),
                            from.manifest(),
                            link.stage(),
                            started.route(),
                            from.step(),
                            from.step() > 0
                                    ? Optional.empty() // nobody has published a checkpoint
                                    : Optional.ofNullable(wanted.options().published())));
        }
        var profiles = new ArrayList<String>();
        for (var link : links) {
            profiles.add(
                    link.awaitReady(loading ->
                            listener.loading(
                                    link.stage(), loading.bytesDone(), loading.bytesTotal())));
        }
        weights.withdraw(request.id());
        requireLikeReplicas(started, profiles);
        if (profiles.stream().distinct().count() > 1) {
            listener.warned(
                    "the workers compute differently (execution profiles "
                            + String.join(
                                    ", ",
                                    profiles.stream()
                                            .map(id -> id.substring(0, Math.min(8, id.length())))
                                            .toList())
                            + "): another set of workers may give other bits");
        }
        return profiles;
    }

    /** Replicas apply the same gradients each for itself, and are to stay the same. */
    private static void requireLikeReplicas(Session started, List<String> profiles)
            throws JobException {
        var grid = started.route().grid();
        for (var link : started.links()) {
            int place = link.stage();
            if (!profiles.get(place).equals(profiles.get(grid.stage(place)))) {
                var problem =
                        new Problem(
                                ProblemCode.COMPUTE,
                                "replicas of stage " + grid.stage(place) + " compute differently",
                                "worker "
                                        + link.plan().worker().id()
                                        + " has execution profile "
                                        + profiles.get(place)
                                        + ", the first replica "
                                        + profiles.get(grid.stage(place)),
                                "pin workers of one kind, or ask for no replicas");
                link.accuse(problem);
                throw new JobException(problem);
            }
        }
    }

    private void link(Session started) throws JobException, InterruptedException {
        started.flow(
                Pipeline.connect(
                        party,
                        limits,
                        request.id(),
                        started.route(),
                        new TensorSizes(
                                wanted.model().architecture(),
                                request.spec().workload(),
                                limits.tensorBytesMax()),
                        (problem, last) -> broken(started, problem, last)));
        started.tellAll(new Command.Link());
        started.awaitAll(
                Report.Linked.class, limits.linkTimeout().multipliedBy(2), "the stages to connect");
    }

    /** What the pipeline fails of; what it is sent comes from a last stage. */
    private void broken(Session started, Problem problem, int last) {
        if (problem.code() == ProblemCode.MALFORMED) {
            links.get(last).accuse(problem);
        } else {
            started.fail(problem);
        }
    }

    // What is left to do with a job that has started.

    @Override
    public Optional<HeldJob> held() {
        var of = validator();
        return of.records().map(records -> new HeldJob(records, of.validator(), profiles));
    }

    @Override
    public Recovery.Started resume(Session before) throws JobException, InterruptedException {
        session = null;
        lost = null;
        var taken = new ArrayList<WorkerLink>();
        JobException failed = null;
        boolean reached = false;
        for (var link : before.links()) {
            try {
                taken.add(link.resume(request.id(), this::lost));
                reached = true;
            } catch (JobException refused) {
                reached = true;
                failed = refused;
            } catch (IOException unreachable) {
                reached |= unreachable instanceof ProtocolViolation;
                failed = notResumed(link, unreachable);
            }
        }
        if (failed == null) {
            return relinked(before, taken);
        }
        if (reached || validator().answers()) {
            before.letGo();
            leave(taken, failed.problem());
        }
        throw failed;
    }

    private static JobException notResumed(WorkerLink link, IOException cause) {
        return new JobException(
                new Problem(
                        ProblemCode.WORKER_LOST,
                        "worker "
                                + link.plan().worker().id().shortText()
                                + " of stage "
                                + link.stage()
                                + " is not to be reached again",
                        String.valueOf(cause.getMessage()),
                        "ask for the job again; another worker will be found"),
                cause);
    }

    private Recovery.Started relinked(Session before, List<WorkerLink> taken)
            throws JobException, InterruptedException {
        before.goneOn();
        return linked(before.route(), taken);
    }

    private Recovery.Started linked(Route route, List<WorkerLink> taken)
            throws JobException, InterruptedException {
        var resumed = new Session(party.scheduler(), limits, job, route, taken);
        links.clear();
        links.addAll(taken);
        session = resumed;
        var early = lost;
        if (early != null) {
            resumed.fail(early);
        }
        try {
            link(resumed);
        } catch (JobException failed) {
            resumed.fail(failed.problem());
            if (!resumed.isHeld()) {
                throw failed;
            }
        }
        validator().watch(resumed);
        return new Recovery.Started(resumed, profiles, predicted, this);
    }

    @Override
    public void release(Session before) throws InterruptedException {
        before.letGo();
        for (var link : before.links()) {
            try {
                WorkerLink.free(party, limits, request.id(), link.plan().worker());
            } catch (IOException gone) {
                log.debug("job {}: stage {}: {}", job.id(), link.stage(), gone.getMessage());
            }
        }
    }

    private void leave(List<WorkerLink> taken, Problem reason) throws InterruptedException {
        taken.forEach(link -> link.leave(reason));
        var deadline =
                Deadline.after(
                        party.scheduler(), limits.beatInterval().multipliedBy(2), "the workers");
        for (var link : taken) {
            link.awaitGone(deadline);
        }
    }

    @Override
    public void ended(JobState state, @Nullable Digest result) {
        try {
            means.purse().forget(request.id());
        } catch (IOException unwritten) {
            log.warn("job {}: stays in the purse", request.id(), unwritten);
        }
        tellEnd(
                switch (state) {
                    case JobState.Completed() -> JobEnd.COMPLETED;
                    case JobState.Cancelled(_) -> JobEnd.CANCELLED;
                    case JobState.Expired() -> JobEnd.EXPIRED;
                    case JobState.Failed(_),
                            JobState.Requested(),
                            JobState.Planned(),
                            JobState.Recruiting(),
                            JobState.Agreed(),
                            JobState.Loading(),
                            JobState.Running() ->
                            JobEnd.FAILED;
                },
                result);
    }

    private void tellEnd(JobEnd end, @Nullable Digest result) {
        var of = validator;
        if (of == null) {
            return;
        }
        try {
            var hash =
                    result == null
                            ? Bytes32.ZERO
                            : new Bytes32(ByteString.copyFrom(result.bytes()));
            of.close(
                    new JobClosing(request.id().word(), end, hash, request.payer()),
                    links.stream().flatMap(link -> link.account().lastReceipt().stream()).toList());
        } catch (IOException unheard) {
            log.warn("job {}: its end was not noted: {}", request.id(), unheard.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
