package tensorlink.jobs;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Digest;
import tensorlink.compute.GraphModel;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.format.Weights;
import tensorlink.compute.schedule.Schedule;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobJournal;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.JobPlan;
import tensorlink.jobs.market.StagePlan;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.Neighbour;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.TensorSizes;
import tensorlink.jobs.user.Pipeline;
import tensorlink.jobs.user.Purse;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.user.TrainingRecord;
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
import tensorlink.p2p.peer.PeerInfo;

/**
 * Asks the network for jobs: the way from a model here to a {@link DistributedModel} on workers.
 *
 * <p>Read {@link #create} top-down: request, plan, money, agreements, weights, links. Safe for use
 * by any thread.
 */
public final class JobClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(JobClient.class);
    private static final int VALIDATORS_ASKED_MAX = 4;
    private static final int ATTEMPTS_MAX = 3;
    private static final int JOBS_REMEMBERED_MAX = 1_000;

    private final Party party;
    private final Asker asker;
    private final Directory directory;
    private final WeightsServer weights;
    private final Purse purse;
    private final Path folder;
    private final JobLimits limits;
    private final ConcurrentMap<JobId, DistributedModel> running = new ConcurrentHashMap<>();
    private final Map<JobId, JobReport> ended =
            Collections.synchronizedMap(
                    new LinkedHashMap<>() {
                        @Override
                        protected boolean removeEldestEntry(Map.Entry<JobId, JobReport> eldest) {
                            return size() > JOBS_REMEMBERED_MAX;
                        }
                    });

    /**
     * @param weights the server of the weights protocol on this node
     * @param folder for journals and commit logs
     */
    public JobClient(
            Party party,
            Directory directory,
            WeightsServer weights,
            Purse purse,
            Path folder,
            JobLimits limits) {
        this.party = party;
        this.asker = new Asker(party);
        this.directory = directory;
        this.weights = weights;
        this.purse = purse;
        this.folder = folder;
        this.limits = limits;
    }

    /**
     * Finds workers for a model, and gives each its layers.
     *
     * <p>A worker that is lost on the way is replaced, up to {@value #ATTEMPTS_MAX} times.
     *
     * @throws JobException when there is no validator, no capacity, too little money, or workers
     *     keep getting lost; {@link JobException#problem} says what to do
     */
    public DistributedModel create(Model model, JobOptions options, JobListener listener)
            throws IOException, InterruptedException {
        var manifest = manifest(model);
        var wanted = new Wanted(model, manifest, spec(model, manifest, options), options, listener);
        var kept =
                options.folder() == null
                        ? null
                        : TrainingRecord.open(options.folder(), manifest.digest());
        try {
            return create(wanted, kept);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            if (kept != null) {
                kept.close();
            }
            throw failed;
        }
    }

    private DistributedModel create(Wanted wanted, @Nullable TrainingRecord kept)
            throws IOException, InterruptedException {
        var avoided = new LinkedHashSet<PeerId>();
        var terms =
                new Terms(
                        Origin.of(wanted, kept),
                        wanted.options().lifetime(),
                        wanted.options().maxPrice());
        Recovery.Started first;
        for (int attempt = 1; ; attempt++) {
            int blamed = avoided.size();
            try {
                first = attempt(wanted, terms, avoided);
                break;
            } catch (JobException failed) {
                boolean again =
                        failed.code() == ProblemCode.NOT_READY
                                || failed.code() == ProblemCode.WORKER_LOST
                                || failed.code() == ProblemCode.UNREACHABLE
                                || avoided.size() > blamed;
                if (!again || attempt == ATTEMPTS_MAX) {
                    throw failed;
                }
                wanted.listener().warned(failed.problem().toString() + "; asking again");
            }
        }
        var id = first.session().id();
        var record =
                kept != null
                        ? kept
                        : TrainingRecord.open(folder.resolve(id.hex()), wanted.manifest().digest());
        var recruits = new Recruits(wanted, record);
        var model =
                new DistributedModel(
                        party,
                        limits,
                        wanted.model(),
                        wanted.spec().workload(),
                        wanted.options(),
                        record,
                        first,
                        recruits,
                        wanted.listener());
        recruits.model = model;
        running.put(id, model);
        try {
            model.begin();
            return model;
        } catch (JobException | InterruptedException | RuntimeException failed) {
            model.cancel(String.valueOf(failed.getMessage()));
            throw failed;
        }
    }

    /** A job as its user wants it, whoever works on it. */
    private record Wanted(
            Model model,
            Manifest manifest,
            JobSpec spec,
            JobOptions options,
            JobListener listener) {

        /** The same, beginning again, which its user need not follow step by step. */
        Wanted quietly() {
            return new Wanted(
                    model,
                    manifest,
                    spec,
                    options,
                    new JobListener() {
                        @Override
                        public void warned(String warning) {
                            listener.warned(warning);
                        }
                    });
        }
    }

    /**
     * What the stages begin with.
     *
     * @param step how many steps that is the result of
     */
    private record Origin(Weights weights, Manifest manifest, long step) {
        static Origin of(Wanted wanted, @Nullable TrainingRecord record) {
            var checkpoint = record == null ? null : record.checkpoint().orElse(null);
            return checkpoint == null
                    ? new Origin(wanted.model().weights(), wanted.manifest(), 0)
                    : new Origin(checkpoint, checkpoint.manifest(), checkpoint.step());
        }
    }

    /** What one attempt begins with, how long it may live and what it may cost. */
    private record Terms(Origin from, Duration lifetime, Amount maxPrice) {}

    /** Starts a job again, from its last checkpoint. */
    private final class Recruits implements Recovery.Recruits {
        private final Wanted wanted;
        private final TrainingRecord record;
        private final Instant end;
        private @Nullable DistributedModel model;

        Recruits(Wanted wanted, TrainingRecord record) {
            this.wanted = wanted;
            this.record = record;
            this.end = party.scheduler().now().plus(wanted.options().lifetime());
        }

        @Override
        public Recovery.Started start(Set<PeerId> avoided, Amount spent)
                throws IOException, InterruptedException {
            var price = wanted.options().maxPrice();
            var left = spent.isMoreThan(price) ? Amount.ZERO : price.minus(spent);
            var rest =
                    Duration.between(party.scheduler().now(), end)
                            .truncatedTo(ChronoUnit.SECONDS)
                            .plusSeconds(1);
            var started =
                    attempt(
                            wanted.quietly(),
                            new Terms(Origin.of(wanted, record), rest, left),
                            avoided);
            running.put(started.session().id(), Objects.requireNonNull(model));
            return started;
        }

        @Override
        public boolean expired() {
            return !party.scheduler().now().isBefore(end);
        }

        @Override
        public void over() {
            var report = Objects.requireNonNull(model).report();
            for (var entry : running.entrySet()) {
                if (entry.getValue() == model) {
                    ended.put(entry.getKey(), report);
                    running.remove(entry.getKey());
                }
            }
        }
    }

    /**
     * How a job of this node stands, also after its end, of the last {@value #JOBS_REMEMBERED_MAX};
     * empty for a job that is none of its.
     */
    public Optional<JobReport> report(JobId job) {
        return Optional.ofNullable(running.get(job))
                .map(DistributedModel::report)
                .or(() -> Optional.ofNullable(ended.get(job)));
    }

    /** What the ledger that {@code validator} keeps has paid from us to {@code payee}, in all. */
    public Amount redeemed(PeerId validator, Account payee)
            throws IOException, InterruptedException {
        return asker.askLedger(
                        validator,
                        new LedgerQuestion.OfPair(party.account().account(), payee),
                        limits.requestTimeout(),
                        LedgerAnswer.Redeemed.class)
                .amount();
    }

    /** Gives up, in order, the jobs that still run. */
    @Override
    public void close() {
        running.values().forEach(model -> model.cancel("its user's node was closed"));
    }

    private static Manifest manifest(Model model) throws IOException, InterruptedException {
        var wanted = new HashSet<String>();
        var architecture = model.architecture();
        for (var tensor : architecture.tensors(architecture.allLayers())) {
            wanted.add(tensor.name());
        }
        return Manifest.of(model.weights(), wanted::contains);
    }

    private JobSpec spec(Model model, Manifest manifest, JobOptions options) throws JobException {
        if (options.length() > model.architecture().contextLength()) {
            throw new JobException(
                    ProblemCode.TOO_LARGE,
                    "job not asked for",
                    "sequences of "
                            + options.length()
                            + ", the model's context length is "
                            + model.architecture().contextLength(),
                    "ask for a shorter length: JobOptions.batch(rows, length)");
        }
        if (!options.split().isEmpty()
                && options.split().getLast().end() != model.architecture().layers()) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not asked for",
                    "its plan has "
                            + options.split().getLast().end()
                            + " layers, the model "
                            + model.architecture().layers(),
                    "name each layer of the model once");
        }
        if (model.architecture() instanceof GraphModel
                && options.how().schedule() == Schedule.ZB_H1) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job not asked for",
                    "a layer graph's backwards do not come in two parts",
                    "train it under 1f1b or gpipe");
        }
        if (options.purpose() == Purpose.TRAINING
                && model.architecture() instanceof ModelConfig config
                && !config.dropout().none()) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job not asked for",
                    "training computes no dropout, the model has " + config.dropout(),
                    "train it without: Model.withoutDropout()");
        }
        int length =
                options.length() > 0
                        ? options.length()
                        : Math.min(model.architecture().contextLength(), JobOptions.LENGTH_PRESET);
        int microBatches = Math.min(options.microBatches(), options.rows());
        return new JobSpec(
                options.purpose(),
                ByteString.copyFrom(model.architecture().json()),
                manifest.digest(),
                options.workers(),
                new Workload(Math.ceilDiv(options.rows(), microBatches), length, microBatches),
                options.how(),
                options.pinned(),
                List.of(),
                options.split(),
                options.lifetime());
    }

    /**
     * Starts a job once.
     *
     * @param avoided workers to use only where no others will do; those that fail are added
     */
    private Recovery.Started attempt(Wanted wanted, Terms terms, Set<PeerId> avoided)
            throws IOException, InterruptedException {
        var from = terms.from();
        var spec =
                wanted.spec()
                        .continuedFrom(
                                from.manifest().digest(), List.copyOf(avoided), terms.lifetime());
        var request =
                party.seals().sealJobRequest(spec, party.account().account(), terms.maxPrice());
        var id = request.content().id();
        var job =
                Job.begin(
                        id,
                        JobJournal.open(folder.resolve(id.hex() + ".journal")),
                        () -> party.scheduler().now());
        wanted.listener().entered(job.state(), "job " + id);
        var starting = new Starting(wanted, from, request, job);
        try {
            return starting.run();
        } catch (IOException | InterruptedException | RuntimeException failed) {
            starting.undo(failed);
            avoided.addAll(starting.blamed());
            throw failed;
        }
    }

    /** One attempt to start a job; {@link #undo} frees what it has taken when it fails. */
    private final class Starting {
        private final Wanted wanted;
        private final Origin from;
        private final Sealed<JobRequest> sealed;
        private final JobRequest request;
        private final Job job;
        private final JobListener listener;
        private final List<WorkerLink> links = new ArrayList<>();
        private final Set<PeerId> unwilling = new LinkedHashSet<>();
        private @Nullable PeerInfo validator;
        private volatile @Nullable Session session;
        private volatile @Nullable Problem lost;

        Starting(Wanted wanted, Origin from, Sealed<JobRequest> sealed, Job job) {
            this.wanted = wanted;
            this.from = from;
            this.sealed = sealed;
            this.request = sealed.content();
            this.job = job;
            this.listener = wanted.listener();
        }

        Recovery.Started run() throws IOException, InterruptedException {
            var plan = requestPlan();
            enter(new JobState.Planned(), described(plan));
            requireAffordable(plan);
            enter(new JobState.Recruiting(), "");
            sign(plan);
            announce();
            enter(new JobState.Agreed(), "");
            var route = route(plan);
            var started = new Session(party.scheduler(), limits, job, route, links);
            session = started;
            var profiles = load(started);
            link(started);
            enter(new JobState.Running(), "");
            return new Recovery.Started(started, profiles, plan.predicted(), this::ended);
        }

        private static String described(JobPlan plan) {
            var stages = plan.stages().size() + " stages";
            return plan.predicted().isZero()
                    ? stages
                    : stages
                            + ", a step is predicted to take "
                            + plan.predicted().toMillis()
                            + " ms";
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
            if (started != null) {
                started.fail(problem);
            }
            links.forEach(link -> link.leave(problem));
            try {
                job.end(new JobState.Failed(String.valueOf(cause.getMessage())));
                job.close();
            } catch (IOException unwritten) {
                log.error("job {}: its journal cannot be written", request.id(), unwritten);
            }
            if (validator != null && !(cause instanceof InterruptedException)) {
                tellEnd(JobEnd.FAILED, null);
            }
        }

        private void enter(JobState state, String detail) throws IOException, InterruptedException {
            var started = session;
            if (!job.tryBecome(state)) {
                if (started != null) {
                    started.check(); // what it has failed of meanwhile
                }
                throw new IllegalStateException(
                        "job " + job.id() + " cannot become " + state.label());
            }
            listener.entered(state, detail);
            if (validator != null
                    && (state instanceof JobState.Loading || state instanceof JobState.Running)) {
                try {
                    asker.ask(
                            validator.id(),
                            new Question.TellState(request.id(), state),
                            limits.requestTimeout(),
                            Answer.Done.class);
                } catch (IOException unheard) {
                    listener.warned("the validator does not hear of it: " + unheard.getMessage());
                }
            }
        }

        /** A question to the validator that has planned the job. */
        private interface Asking<A> {
            A ask(PeerId validator) throws IOException, InterruptedException;
        }

        /** Asks the validator what the job cannot start without. */
        private <A> A consult(Asking<A> asking) throws JobException, InterruptedException {
            var peer = Objects.requireNonNull(validator).id();
            try {
                return asking.ask(peer);
            } catch (JobException refused) {
                throw refused;
            } catch (IOException lost) {
                throw new JobException(
                        new Problem(
                                ProblemCode.UNREACHABLE,
                                "validator " + peer.shortText() + " is lost",
                                String.valueOf(lost.getMessage()),
                                "ask for the job again; another validator may answer"),
                        lost);
            }
        }

        // Request and plan.

        private JobPlan requestPlan() throws IOException, InterruptedException {
            var validators = directory.find(Directory.Role.VALIDATOR, VALIDATORS_ASKED_MAX);
            IOException unreachable = null;
            for (var candidate : validators) {
                try {
                    party.host().peers().add(candidate);
                    var answer =
                            asker.ask(
                                    candidate.id(),
                                    new Question.RequestJob(sealed.envelope()),
                                    limits.requestTimeout(),
                                    progressed ->
                                            listener.entered(job.state(), progressed.detail()));
                    var plan = checked(answer);
                    validator = candidate;
                    return plan;
                } catch (JobException refused) {
                    throw refused;
                } catch (IOException gone) {
                    unreachable = gone;
                }
            }
            throw new JobException(
                    new Problem(
                            ProblemCode.NO_VALIDATOR,
                            "no validator answers",
                            unreachable == null
                                    ? "none is known on this network"
                                    : String.valueOf(unreachable.getMessage()),
                            "check that one runs, and the bootstrap addresses"),
                    unreachable == null ? new IOException("none known") : unreachable);
        }

        private JobPlan checked(Answer answer) throws ProtocolViolation {
            if (!(answer instanceof Answer.Planned(var plan))) {
                throw new ProtocolViolation(
                        "it answers " + answer.getClass().getSimpleName() + ", expected a plan");
            }
            boolean fits =
                    plan.job().equals(request.id())
                            && plan.layers() == wanted.model().architecture().layers()
                            && (request.spec().workers() == 0
                                    || plan.stages().size() == request.spec().workers());
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
            if (!price.isMoreThan(statement.balance())) {
                return;
            }
            var missing = price.minus(statement.balance());
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
                                + statement.credits().plus(statement.balance()),
                        "set a lower price, or have credits issued to " + me);
            }
            var deposit =
                    party.account()
                            .sign(
                                    party.domain(),
                                    new Deposit(me, statement.deposited().plus(missing)));
            requireDone(
                    "deposit",
                    ask(new LedgerQuestion.MakeDeposit(deposit), LedgerAnswer.Came.class)
                            .outcome());
        }

        private LedgerAnswer.Statement statement(Account account)
                throws IOException, InterruptedException {
            return ask(new LedgerQuestion.OfAccount(account), LedgerAnswer.Statement.class);
        }

        private <A extends LedgerAnswer> A ask(LedgerQuestion question, Class<A> expected)
                throws IOException, InterruptedException {
            return consult(
                    peer -> asker.askLedger(peer, question, limits.requestTimeout(), expected));
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
                                    purse,
                                    this::lost));
                } catch (JobException unavailable) {
                    unwilling.add(of.worker().id());
                    throw unavailable;
                }
                listener.entered(
                        job.state(),
                        of.layers() + " on " + of.worker().id().shortText() + ", signed");
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
                    Account.ZERO,
                    request.salt());
        }

        /**
         * A worker's part of what the job may cost: every token passes every layer, so each earns
         * in proportion to its layers and its price.
         */
        private Amount share(JobPlan plan, StagePlan stage) {
            var all = BigInteger.ZERO;
            for (var other : plan.stages()) {
                all = all.add(pricePerToken(other));
            }
            return all.signum() == 0
                    ? Amount.ZERO
                    : new Amount(
                            request.maxPrice().value().multiply(pricePerToken(stage)).divide(all));
        }

        private static BigInteger pricePerToken(StagePlan stage) {
            return stage.unitPrice().value().multiply(BigInteger.valueOf(stage.layers().size()));
        }

        /** Has the validator record the job and its agreements. */
        private void announce() throws IOException, InterruptedException {
            var opening =
                    party.account()
                            .sign(
                                    party.domain(),
                                    new JobOpening(
                                            request.specHash(),
                                            request.payer(),
                                            request.salt(),
                                            Account.ZERO));
            var agreements = links.stream().map(WorkerLink::agreement).toList();
            consult(peer ->
                    asker.ask(
                            peer,
                            new Question.OpenJob(opening, agreements),
                            limits.requestTimeout(),
                            Answer.Done.class));
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
            weights.offer(request.id(), new ModelSource(from.weights(), started.route()));
            enter(new JobState.Loading(), "");
            for (var link : links) {
                link.send(
                        new Command.Load(
                                request.spec().config(),
                                from.manifest(),
                                link.stage(),
                                started.route(),
                                from.step()));
            }
            var profiles = new ArrayList<String>();
            for (var link : links) {
                profiles.add(
                        link.awaitReady(loading ->
                                listener.loading(
                                        link.stage(), loading.bytesDone(), loading.bytesTotal())));
            }
            weights.withdraw(request.id());
            if (profiles.stream().distinct().count() > 1) {
                listener.warned(
                        "the workers compute differently (execution profiles "
                                + String.join(
                                        ", ",
                                        profiles.stream()
                                                .map(id ->
                                                        id.substring(0, Math.min(8, id.length())))
                                                .toList())
                                + "): another set of workers may give other bits");
            }
            return profiles;
        }

        private void link(Session started) throws IOException, InterruptedException {
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
                            problem -> broken(started, problem)));
            started.tellAll(new Command.Link());
            started.awaitAll(
                    Report.Linked.class,
                    limits.linkTimeout().multipliedBy(2),
                    "the stages to connect");
        }

        /** What the pipeline fails of; what it is sent comes from the last stage. */
        private void broken(Session started, Problem problem) {
            if (problem.code() == ProblemCode.MALFORMED) {
                links.getLast().accuse(problem);
            } else {
                started.fail(problem);
            }
        }

        private void ended(JobState state, @Nullable Digest result) {
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
            try {
                var hash =
                        result == null
                                ? Bytes32.ZERO
                                : new Bytes32(ByteString.copyFrom(result.bytes()));
                var closing =
                        party.account()
                                .sign(
                                        party.domain(),
                                        new JobClosing(
                                                request.id().word(), end, hash, request.payer()));
                asker.ask(
                        Objects.requireNonNull(validator).id(),
                        new Question.CloseJob(closing),
                        limits.closeTimeout(),
                        Answer.Done.class);
            } catch (IOException unheard) {
                log.warn("job {}: its end was not noted: {}", request.id(), unheard.getMessage());
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
