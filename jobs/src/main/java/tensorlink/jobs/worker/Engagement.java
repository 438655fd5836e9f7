package tensorlink.jobs.worker;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Architecture;
import tensorlink.compute.Engine;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Stage;
import tensorlink.compute.StageLostException;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.StateSlot;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.Job;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.Inbox;
import tensorlink.jobs.pipeline.Outbox;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.jobs.pipeline.StageRunner;
import tensorlink.jobs.pipeline.TensorSizes;
import tensorlink.jobs.weights.RemoteWeights;
import tensorlink.jobs.weights.WeightsClient;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/**
 * One job on this worker, from the accepted offer to the freed memory.
 *
 * <p>Threads: the control stream's handler reads commands and answers beats at once; the other
 * commands run one after another on a thread of their own ({@link #obey}). Each stage stream has
 * its handler's thread as reader, and the stage's loop has one. Whatever fails first calls {@link
 * #end}, which tells the user, ends every thread and frees everything, once: what is being built
 * meanwhile gives up under the lock {@code building}, so that nothing is built after the end.
 */
final class Engagement {
    private static final Logger log = LoggerFactory.getLogger(Engagement.class);
    private static final int COMMANDS_WAITING_MAX = 16;
    private static final int BEATS_UNPAID_MAX = 5;
    private static final String FAILED = new JobState.Failed("").label();

    private final Party party;
    private final Engine engine;
    private final WorkerTerms terms;
    private final Sealed<Offer> offer;
    private final Architecture config;
    private final long memory;
    private final Job job;
    private final Worker worker;

    private final AtomicBoolean opened = new AtomicBoolean();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Slot<Long> freed = new Slot<>();
    private final Inbox<Command> commands = new Inbox<>(COMMANDS_WAITING_MAX, _ -> {});
    private final ReentrantLock sending = new ReentrantLock();
    private final Map<Hello.Role, Slot<FrameStream>> joined = new EnumMap<>(Hello.Role.class);
    private final Slot<StageRunner> runner = new Slot<>();
    private final Set<Hello.Role> claimed = ConcurrentHashMap.newKeySet();
    private final List<FrameStream> connected = new CopyOnWriteArrayList<>();
    private final ReentrantLock building = new ReentrantLock();
    private volatile @Nullable Stream control;
    private volatile @Nullable Tally tally;
    private volatile @Nullable WeightsClient fetching;
    private volatile Scheduler.Task timer = () -> {};
    private volatile @Nullable Route route;
    private volatile int index;
    private volatile @Nullable Stage stage;
    private int beatsUnpaid;
    private int beatsOnCredit;

    Engagement(
            Party party,
            Engine engine,
            WorkerTerms terms,
            Sealed<Offer> offer,
            Architecture config,
            long memory,
            Job job,
            Worker worker) {
        this.party = party;
        this.engine = engine;
        this.terms = terms;
        this.offer = offer;
        this.config = config;
        this.memory = memory;
        this.job = job;
        this.worker = worker;
        for (var role : Hello.Role.values()) {
            joined.put(role, new Slot<>());
        }
    }

    JobId id() {
        return job.id();
    }

    boolean offeredBy(PeerId validator) {
        return offer.signer().equals(validator);
    }

    /** Whether it holds memory for {@code user}, who has not come yet. */
    boolean isReservedFor(PeerId user) {
        return !opened.get() && request().user().equals(user);
    }

    Worker.Stint stint() {
        return new Worker.Stint(
                id(),
                request().user(),
                request().payer(),
                offer.content().layers(),
                job.state(),
                memory);
    }

    Optional<Signed<UsageReceipt>> lastReceipt() {
        return Optional.ofNullable(tally).flatMap(Tally::lastReceipt);
    }

    /** Waits for the user to come, for as long as the reservation holds. */
    void reserve() {
        timer =
                party.scheduler()
                        .after(
                                terms.limits().reservation(),
                                () ->
                                        releaseUnlessOpened(
                                                "its user did not come within "
                                                        + terms.limits().reservation()));
    }

    /** Gives the memory back when the user has not come. */
    void releaseUnlessOpened(String reason) {
        if (!opened.get()) {
            release(reason);
        }
    }

    // The control stream.

    /**
     * Takes the job up and obeys its user until the job ends; frees everything before returning.
     */
    void serve(Stream stream, Command.Open open) throws IOException, InterruptedException {
        if (!stream.connection().remotePeer().equals(request().user())) {
            throw new ProtocolViolation("open: job " + id() + " is another user's");
        }
        if (!opened.compareAndSet(false, true)) {
            throw new ProtocolViolation("open: job " + id() + " is open already");
        }
        timer.cancel();
        control = stream;
        stream.timeout(terms.limits().silenceMax());
        try {
            requireCover(open.agreement());
            var counting = Tally.sign(party, request(), terms.unitPrice(), open);
            tally = counting;
            if (!job.tryBecome(new JobState.Agreed())) {
                return;
            }
            expireInTime();
            report(new Report.Opened(counting.payeeSignature()));
            party.scheduler().fork("commands-" + id(), this::obey);
            listen(stream);
        } catch (ProtocolViolation violation) {
            fail(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "job " + id() + " ended",
                            "its user does not keep to the protocol: " + violation.getMessage(),
                            ""));
        } catch (IOException lost) {
            end(
                    new JobState.Failed("the user was lost: " + lost.getMessage()),
                    new Problem(
                            ProblemCode.USER_LOST,
                            "job " + id() + " ended",
                            String.valueOf(lost.getMessage()),
                            ""));
        } catch (IllegalArgumentException unacceptable) {
            end(
                    new JobState.Failed(String.valueOf(unacceptable.getMessage())),
                    new Problem(
                            ProblemCode.REFUSED,
                            "job " + id() + " not taken up",
                            String.valueOf(unacceptable.getMessage()),
                            ""));
        } finally {
            awaitFreed();
        }
    }

    /**
     * A payer's promises are worth what its deposit covers, less what it gave notice to withdraw.
     * Where the job's validator cannot say it, the job is taken up: what is worked for nothing is
     * limited by {@link CreditBook}.
     *
     * @throws IllegalArgumentException when the deposit covers less than the agreement
     */
    private void requireCover(Agreement agreement) throws InterruptedException {
        if (terms.unitPrice().isZero()) {
            return;
        }
        try {
            var statement =
                    new Asker(party)
                            .askLedger(
                                    offer.signer(),
                                    new LedgerQuestion.OfAccount(agreement.payer()),
                                    terms.limits().capabilityTimeout(),
                                    LedgerAnswer.Statement.class);
            if (agreement.maxPrice().isMoreThan(statement.cover())) {
                throw new IllegalArgumentException(
                        "agreement: it may cost "
                                + agreement.maxPrice()
                                + ", its payer's deposit covers "
                                + statement.cover());
            }
        } catch (IOException unknown) {
            log.debug("job {}: cover not known: {}", id(), unknown.getMessage());
        }
    }

    /** Ends the job when the lifetime that its user asked for is over. */
    private void expireInTime() {
        var lifetime = request().spec().lifetime();
        timer =
                party.scheduler()
                        .after(
                                lifetime,
                                () ->
                                        end(
                                                new JobState.Expired(),
                                                new Problem(
                                                        ProblemCode.ENDED,
                                                        "job " + id() + " ended",
                                                        "its lifetime of " + lifetime + " is over",
                                                        "ask for a new job, or a longer one with"
                                                                + " JobOptions.lifetime")));
        if (ended.get()) {
            timer.cancel();
        }
    }

    private void listen(Stream stream) throws IOException, InterruptedException {
        while (true) {
            Command command;
            try {
                command = Command.decode(stream.readMessage(Command.BYTES_MAX));
            } catch (EOFException gone) {
                if (ended.get()) {
                    return;
                }
                throw new IOException("it closed the control stream", gone);
            }
            if (command instanceof Command.Beat(var sequence)) {
                report(new Report.Beat(sequence));
                sendReceipt(false);
                requireCovered();
                requireCredit();
            } else if (command instanceof Command.Close(var outcome, var reason)
                    && outcome.equals(FAILED)) {
                // Nothing that was told before matters, or can come to an end.
                end(new JobState.Failed(reason), null);
                return;
            } else {
                try {
                    commands.put(command);
                } catch (JobException over) {
                    return;
                }
            }
        }
    }

    private void obey() {
        try {
            while (true) {
                obey(commands.take());
            }
        } catch (JobException failed) {
            fail(failed.problem());
        } catch (IOException | IllegalArgumentException | IllegalStateException failed) {
            fail(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "command not obeyed",
                            String.valueOf(failed.getMessage()),
                            ""));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            release("interrupted");
        } catch (StageLostException lost) {
            fail(StageRunner.lost(offer.content().stage(), lost));
        } catch (RuntimeException failed) {
            log.warn("job {} failed", id(), failed);
            fail(
                    new Problem(
                            ProblemCode.COMPUTE,
                            "command not obeyed",
                            String.valueOf(failed.getMessage()),
                            "the worker's log has the details"));
        }
    }

    private void obey(Command command) throws IOException, InterruptedException {
        switch (command) {
            case Command.Open _, Command.Beat _ ->
                    throw new ProtocolViolation(
                            "command: " + command.getClass().getSimpleName() + " comes too late");
            case Command.Load load -> load(load);
            case Command.Link() -> link();
            case Command.Prepare(var step, var afterBatch) -> {
                var running = running();
                var prepared = running.prepare(step, afterBatch);
                report(new Report.Prepared(step, prepared, running.times()));
            }
            case Command.Commit(var step, var update) -> {
                running().commit(step, update);
                report(new Report.Applied(step));
                sendReceipt(false);
            }
            case Command.Abandon(var batch) -> running().abandon(batch);
            case Command.Settle(var afterBatch) -> {
                running().settle(afterBatch);
                report(new Report.Settled());
            }
            case Command.Snapshot() -> report(snapshot());
            case Command.Digests(var id) -> report(new Report.DigestsTold(id, loaded().digests()));
            case Command.EndSession(var session) -> running().endSession(session);
            case Command.Pay(var voucher) -> earn(voucher);
            case Command.Close(var outcome, var reason) -> close(outcome, reason);
        }
    }

    // Loading and linking.

    private void load(Command.Load load) throws IOException, InterruptedException {
        job.become(new JobState.Loading());
        var layers = load.route().stage(load.stage()).layers();
        if (!layers.equals(offer.content().layers())
                || load.stage() != offer.content().stage()
                || load.route().size() != offer.content().stages()
                || !load.route().stage(load.stage()).worker().id().equals(party.id())) {
            throw new ProtocolViolation("load: stage " + load.stage() + " is not the one agreed");
        }
        if (!load.config().equals(request().spec().config())
                || !load.manifest().digest().equals(request().spec().weights())) {
            throw new ProtocolViolation("load: the model is not the one agreed");
        }
        var progress =
                new LoadingReport(
                        party.scheduler(), this::report, bytesToLoad(layers, load.manifest()));
        var spec = request().spec();
        var options =
                switch (spec.purpose()) {
                    case TRAINING -> StageOptions.forTraining(spec.training(), terms.threads());
                    case INFERENCE -> StageOptions.forInference(terms.threads());
                };
        building.lockInterruptibly();
        try (var client =
                        WeightsClient.open(
                                party.host(),
                                party.protocols(),
                                request().user(),
                                id(),
                                terms.limits().loadSilence());
                var weights = new RemoteWeights(client, load.manifest(), progress::came)) {
            fetching = client;
            requireGoingOn();
            var state = new StageState(load.step(), weights);
            var opening = engine.open(config, layers, state, options.withMemory(memory));
            stage = opening;
            index = load.stage();
            route = load.route();
            worker.weights().offer(id(), new StageSource(opening));
        } finally {
            fetching = null;
            building.unlock();
        }
        report(new Report.Ready(engine.profile().id().hex()));
    }

    /** Of the parameters of {@code layers}, and of the optimizer's state where that is there. */
    private long bytesToLoad(LayerRange layers, Manifest manifest) {
        var there = manifest.byName();
        long total = 0;
        for (var parameter : config.tensors(layers)) {
            total += parameter.byteSize();
            for (var slot : StateSlot.values()) {
                var entry = there.get(slot.tensor(parameter.name()));
                total += entry == null ? 0 : entry.tensor().byteSize();
            }
        }
        return total;
    }

    private void link() throws IOException, InterruptedException {
        building.lockInterruptibly();
        try {
            requireGoingOn();
            build(loadedRoute());
        } finally {
            building.unlock();
        }
        report(new Report.Linked());
    }

    private void requireGoingOn() throws JobException {
        if (ended.get()) {
            throw new JobException(endedProblem("job " + id() + " has ended"));
        }
    }

    private void build(Route path) throws IOException, InterruptedException {
        boolean last = path.isLast(index);
        boolean first = index == 0;
        boolean shared = config.tiedEmbeddings() && path.size() > 1 && (first || last);
        FrameStream next = null;
        FrameStream tied = null;
        if (!last) {
            next = connect(path, index + 1, Hello.Role.INPUT);
        }
        if (shared) {
            tied =
                    first
                            ? connect(path, path.size() - 1, Hello.Role.TIED)
                            : joined(Hello.Role.TIED);
        }
        var input = joined(Hello.Role.INPUT);
        var output = last ? joined(Hello.Role.OUTPUT) : null;
        var neighbours =
                new StageRunner.Neighbours(
                        first ? null : outbox("to-previous", input),
                        next == null ? null : outbox("to-next", next),
                        output == null ? null : outbox("to-user", output),
                        tied == null ? null : outbox("shared", tied));
        var running =
                new StageRunner(
                        loaded(),
                        new StageRunner.Place(
                                index, path.size(), request().spec().training().schedule()),
                        request().spec().workload(),
                        neighbours,
                        party.scheduler());
        if (!runner.fill(running) || !job.tryBecome(new JobState.Running())) {
            var over = endedProblem("job " + id() + " has ended");
            running.fail(over);
            throw new JobException(over);
        }
        if (next != null) {
            var stream = next;
            fork("from-next", () -> running.readGradients(stream));
        }
        if (tied != null && first) {
            var stream = tied;
            fork("shared", () -> running.readTied(stream));
        }
        party.scheduler().fork("stage-" + id(), () -> fail(running.run()));
    }

    private FrameStream connect(Route path, int to, Hello.Role role)
            throws IOException, InterruptedException {
        var peer = path.stage(to).worker();
        party.host().peers().add(peer);
        Stream stream = null;
        try {
            stream = party.host().open(peer.id(), party.protocols().stage());
            stream.timeout(terms.limits().linkTimeout());
            stream.writeMessage(new Hello(id(), to, role).encode());
            var refused = Hello.decodeAnswer(stream.readMessage(Hello.BYTES_MAX));
            if (refused != null) {
                throw new JobException(refused);
            }
            stream.timeout(Duration.ZERO);
            var sizes = sizes();
            var frames =
                    role == Hello.Role.TIED
                            ? new FrameStream(stream, sizes.embedding())
                            : new FrameStream(stream, sizes.hidden(), codec());
            connected.add(frames);
            return frames;
        } catch (IOException failed) {
            if (stream != null) {
                stream.reset();
            }
            throw new JobException(
                    new Problem(
                            ProblemCode.NOT_READY,
                            "stage " + index + " cannot reach stage " + to,
                            String.valueOf(failed.getMessage()),
                            "the two workers must be able to connect to each other"),
                    failed);
        }
    }

    private FrameStream joined(Hello.Role role) throws JobException, InterruptedException {
        return slot(role)
                .await(
                        party.scheduler(),
                        terms.limits().linkTimeout(),
                        new Problem(
                                ProblemCode.NOT_READY,
                                "stage " + index + " is not linked",
                                "its "
                                        + role
                                        + " stream did not come within "
                                        + terms.limits().linkTimeout(),
                                "the workers must be able to connect to each other"));
    }

    private TensorCodec codec() {
        return request().spec().codec();
    }

    private TensorSizes sizes() {
        return new TensorSizes(
                config, request().spec().workload(), terms.limits().tensorBytesMax());
    }

    private Outbox outbox(String name, FrameStream stream) {
        return Outbox.start(
                party.scheduler(),
                name + "-" + id(),
                stream,
                request().spec().workload().microBatches(),
                this::lostNeighbour);
    }

    /** A stage stream of this job: reads it until it ends. */
    void join(Stream stream, Hello hello) throws IOException, InterruptedException {
        var refused = refusal(stream.connection().remotePeer(), hello);
        stream.writeMessage(Hello.encodeAnswer(refused));
        if (refused != null) {
            return;
        }
        stream.timeout(Duration.ZERO);
        var sizes = sizes();
        var frames =
                switch (hello.role()) {
                    case INPUT ->
                            index == 0
                                    ? new FrameStream(stream, sizes.tokens())
                                    : new FrameStream(stream, sizes.hidden(), codec());
                    case OUTPUT ->
                            new FrameStream(
                                    stream,
                                    switch (request().spec().purpose()) {
                                        case TRAINING -> sizes.returned();
                                        case INFERENCE -> sizes.tokens();
                                    });
                    case TIED -> new FrameStream(stream, sizes.embedding());
                };
        if (!slot(hello.role()).fill(frames)) {
            return; // the job has ended meanwhile
        }
        reading(() -> {
            var running = runner.await();
            switch (hello.role()) {
                case INPUT -> running.readInput(frames);
                case OUTPUT -> running.readOutput(frames);
                case TIED -> running.readTied(frames);
            }
        });
    }

    private @Nullable Problem refusal(PeerId from, Hello hello) {
        var path = route;
        if (path == null || ended.get()) {
            return endedProblem("job " + id() + " is not ready for streams");
        }
        var expected =
                switch (hello.role()) {
                    case INPUT ->
                            index == 0 ? request().user() : path.stage(index - 1).worker().id();
                    case OUTPUT -> path.isLast(index) ? request().user() : null;
                    case TIED ->
                            config.tiedEmbeddings() && path.isLast(index) && index > 0
                                    ? path.stage(0).worker().id()
                                    : null;
                };
        if (hello.stage() != index || !from.equals(expected)) {
            return new Problem(
                    ProblemCode.NOT_ALLOWED,
                    "stage stream refused",
                    from.shortText() + " is not the " + hello.role() + " of stage " + hello.stage(),
                    "");
        }
        if (!claimed.add(hello.role())) {
            return new Problem(
                    ProblemCode.NOT_ALLOWED,
                    "stage stream refused",
                    "the " + hello.role() + " stream of stage " + index + " is here already",
                    "");
        }
        return null;
    }

    // Work.

    private interface Reading {
        void run() throws IOException, InterruptedException;
    }

    private void fork(String name, Reading reading) {
        party.scheduler().fork(name + "-" + id(), () -> reading(reading));
    }

    /**
     * Runs a reader; a broken stream is the end of the job. A neighbour that closes its stream in
     * order has ended its stage: the user, who knows why, tells us the same or the failure.
     */
    private void reading(Reading reading) {
        try {
            reading.run();
        } catch (EOFException closed) {
            log.debug("job {}: a neighbour of stage {} has closed its stream", id(), index);
        } catch (JobException over) {
            fail(over.problem());
        } catch (ProtocolViolation violation) {
            fail(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "stage " + index + " stopped",
                            String.valueOf(violation.getMessage()),
                            ""));
        } catch (IOException lost) {
            lostNeighbour(lost);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void lostNeighbour(IOException cause) {
        fail(
                new Problem(
                        ProblemCode.WORKER_LOST,
                        "stage " + index + " lost a neighbour",
                        String.valueOf(cause.getMessage()),
                        "start the job again; its last saved weights are where you left them"));
    }

    private Report.SnapshotTaken snapshot() throws IOException, InterruptedException {
        var taken = loaded().state();
        return new Report.SnapshotTaken(taken.step(), Manifest.of(taken.tensors(), _ -> true));
    }

    private StageRunner running() throws ProtocolViolation {
        return runner.now()
                .orElseThrow(() -> new ProtocolViolation("command: the stage is not linked yet"));
    }

    private Stage loaded() throws ProtocolViolation {
        var here = stage;
        if (here == null) {
            throw new ProtocolViolation("command: the stage is not loaded yet");
        }
        return here;
    }

    private Route loadedRoute() throws ProtocolViolation {
        var path = route;
        if (path == null) {
            throw new ProtocolViolation("command: the stage is not loaded yet");
        }
        return path;
    }

    private Slot<FrameStream> slot(Hello.Role role) {
        return Objects.requireNonNull(joined.get(role));
    }

    private JobRequest request() {
        return offer.content().request().content();
    }

    void report(Report report) throws IOException, InterruptedException {
        var stream = control;
        if (stream == null) {
            return;
        }
        sending.lockInterruptibly();
        try {
            stream.writeMessage(report.encode());
        } finally {
            sending.unlock();
        }
    }

    /**
     * Ends a job that has had more work than it pays for, when what it has earned is paid. Called
     * with each beat.
     */
    private void requireCovered() throws IOException, InterruptedException {
        var counting = tally;
        var running = runner.now();
        if (counting == null
                || running.isEmpty()
                || ended.get()
                || !counting.isUsedUp(running.get().usage())) {
            return;
        }
        sendReceipt(true);
        if (counting.isOwed() && ++beatsUnpaid < BEATS_UNPAID_MAX) {
            return;
        }
        fail(
                new Problem(
                        ProblemCode.PAYMENT,
                        "job " + id() + " ended",
                        "the "
                                + counting.maxPrice()
                                + " that it may cost on this worker are used up",
                        "ask for a new job with a higher price: JobOptions.maxPrice, or"
                                + " --max-price"));
    }

    /**
     * Ends a job whose user does not answer receipts, when its payer owes as much as this worker
     * does for it on credit. Called with each beat.
     */
    private void requireCredit() throws IOException, InterruptedException {
        var counting = tally;
        var running = runner.now();
        if (counting == null || running.isEmpty() || ended.get() || counting.isFree()) {
            return;
        }
        worker.credit().owes(id(), request().payer(), counting.unpaid(running.get().usage()));
        if (worker.credit().admits(request().payer())) {
            beatsOnCredit = 0;
            return;
        }
        sendReceipt(true);
        if (++beatsOnCredit < BEATS_UNPAID_MAX) {
            return;
        }
        fail(
                new Problem(
                        ProblemCode.PAYMENT,
                        "job " + id() + " ended",
                        "no voucher has come for "
                                + counting.unpaid(running.get().usage())
                                + " units of work",
                        "answer receipts with vouchers; this worker works for so much on credit,"
                                + " and no more"));
    }

    private void sendReceipt(boolean evenIfRecent) throws IOException, InterruptedException {
        var counting = tally;
        var running = runner.now();
        if (counting != null && running.isPresent()) {
            var receipt = counting.receipt(running.get().usage(), evenIfRecent);
            if (receipt.isPresent()) {
                report(new Report.Receipt(receipt.get()));
            }
        }
    }

    // The end.

    private void close(String outcome, String reason) throws IOException, InterruptedException {
        sendReceipt(true);
        var counting = tally;
        if (counting != null && counting.isOwed()) {
            awaitPayment(counting);
        }
        end(
                outcome.equals("completed") && job.state() instanceof JobState.Running
                        ? new JobState.Completed()
                        : new JobState.Cancelled(reason),
                null);
    }

    private void earn(Signed<Voucher> voucher) throws IOException {
        if (!voucher.message().payer().equals(request().payer())) {
            throw new JobException(
                    ProblemCode.PAYMENT,
                    "a voucher is not accepted",
                    "it is " + voucher.message().payer() + "'s, the job's payer is another",
                    "pay with the account that the job was asked for with");
        }
        worker.earn(voucher);
        var counting = tally;
        if (counting != null) {
            counting.paid(voucher.message());
        }
    }

    /** Waits for the voucher that answers the last receipt; without it the worker goes unpaid. */
    private void awaitPayment(Tally counting) throws IOException, InterruptedException {
        var late =
                new Problem(
                        ProblemCode.PAYMENT,
                        "job " + id() + " was not paid",
                        "no voucher came within " + terms.limits().closeTimeout(),
                        "");
        var patience =
                party.scheduler().after(terms.limits().closeTimeout(), () -> commands.fail(late));
        try {
            while (counting.isOwed()) {
                if (commands.take() instanceof Command.Pay(var voucher)) {
                    earn(voucher);
                }
            }
        } catch (JobException unpaid) {
            log.warn("{}", unpaid.getMessage());
        } finally {
            patience.cancel();
        }
    }

    /** Ends the job for a reason of this worker's own. */
    void release(String reason) {
        end(
                new JobState.Cancelled(reason),
                new Problem(ProblemCode.ENDED, "job " + id() + " ended", reason, ""));
    }

    /** A stage that fails closes its streams: what its readers then see is not the cause. */
    private void fail(Problem problem) {
        var cause = runner.now().flatMap(StageRunner::failure).orElse(problem);
        end(new JobState.Failed(cause.toString()), cause);
    }

    /**
     * Ends the job once: tells its user, stops its threads, frees its memory.
     *
     * @param problem what to tell the user; null when it asked for this
     */
    private void end(JobState state, @Nullable Problem problem) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        if (problem != null) {
            // First of all, so that the user hears the cause before it sees streams break.
            tell(new Report.Failed(problem));
        }
        timer.cancel();
        var reason = problem == null ? endedProblem("the user closed the job") : problem;
        runner.now().ifPresent(running -> running.fail(reason));
        runner.fail(reason);
        joined.values().forEach(slot -> slot.fail(reason));
        commands.fail(reason);
        var client = fetching;
        if (client != null) {
            client.abort();
        }
        building.lock();
        try {
            dismantle(state, problem == null ? FrameStream::close : FrameStream::reset);
        } finally {
            building.unlock();
        }
        noteDebt();
        long bytes = worker.forget(id());
        log.info("job {} {}: {} bytes freed {}", id(), state.label(), bytes, state.reason());
        if (problem == null) {
            worker.redeem(request().payer());
            tell(new Report.Closed(bytes));
        }
        closeControl();
        freed.fill(bytes);
        worker.redeemOutstanding();
    }

    private void noteDebt() {
        var counting = tally;
        if (counting != null && !counting.isFree()) {
            runner.now()
                    .ifPresent(running -> {
                        long unpaid = counting.unpaid(running.usage());
                        worker.credit().owes(id(), request().payer(), unpaid);
                    });
        }
    }

    private void dismantle(JobState state, Consumer<FrameStream> leave) {
        try {
            job.end(state);
            job.close();
        } catch (IOException unwritten) {
            log.error("job {}: its journal cannot be written", id(), unwritten);
        }
        var here = stage;
        if (here != null) {
            here.close();
        }
        joined.values().forEach(slot -> slot.now().ifPresent(leave));
        connected.forEach(FrameStream::close);
    }

    private void tell(Report last) {
        try {
            report(last);
        } catch (IOException gone) {
            log.debug("job {}: its user is gone: {}", id(), gone.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeControl() {
        var stream = control;
        if (stream == null) {
            return;
        }
        try {
            stream.closeWrite();
        } catch (IOException gone) {
            log.debug("job {}: its user is gone: {}", id(), gone.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until an end that has begun has freed everything, but not for long. */
    void awaitFreed() throws InterruptedException {
        var late = new Problem(ProblemCode.DEADLINE, "job " + id() + " is slow to end", "", "");
        try {
            freed.await(party.scheduler(), terms.limits().closeTimeout(), late);
        } catch (JobException slow) {
            log.warn("{}", slow.getMessage());
        }
    }

    private static Problem endedProblem(String why) {
        return new Problem(ProblemCode.ENDED, "the job is over", why, "");
    }

    /** Serves the stage's tensors to the job's user. */
    private final class StageSource implements WeightsServer.Source {
        private final Stage here;

        StageSource(Stage here) {
            this.here = here;
        }

        @Override
        public boolean admits(PeerId peer) {
            return peer.equals(request().user());
        }

        @Override
        public Optional<WeightsServer.Content> open(WeightsQuestion.What what, String tensor)
                throws JobException, InterruptedException {
            try {
                return switch (what) {
                    case PARAMETER -> held(here.state(), tensor);
                    case GRADIENT ->
                            here.parameters().stream().anyMatch(it -> it.name().equals(tensor))
                                    ? Optional.of(new Copy(here.gradient(tensor)))
                                    : Optional.empty();
                };
            } catch (IllegalStateException | StageLostException impossible) {
                throw new JobException(
                        new Problem(
                                ended.get() ? ProblemCode.ENDED : ProblemCode.WEIGHTS,
                                "tensor " + tensor + " is not to be had",
                                String.valueOf(impossible.getMessage()),
                                ""),
                        impossible);
            }
        }

        private static Optional<WeightsServer.Content> held(StageState state, String tensor) {
            for (var spec : state.tensors().tensors()) {
                if (spec.name().equals(tensor)) {
                    return Optional.of(new Held(state.tensors(), spec));
                }
            }
            return Optional.empty();
        }
    }

    /** A parameter, or a part of the optimizer's state, as long as no step changes it. */
    private record Held(Weights state, TensorSpec tensor) implements WeightsServer.Content {
        @Override
        public long byteSize() {
            return tensor.byteSize();
        }

        @Override
        public void read(long offset, MemorySegment target)
                throws IOException, InterruptedException {
            try {
                state.read(tensor.name(), offset, target);
            } catch (IllegalStateException | StageLostException changed) {
                throw new IOException(changed.getMessage(), changed);
            }
        }
    }

    private record Copy(Tensor tensor) implements WeightsServer.Content {
        @Override
        public long byteSize() {
            return tensor.data().byteSize();
        }

        @Override
        public void read(long offset, MemorySegment target) {
            target.copyFrom(tensor.data().asSlice(offset, target.byteSize()));
        }

        @Override
        public void close() {
            tensor.close();
        }
    }
}
