package tensorlink.jobs.worker;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
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
import tensorlink.jobs.job.Grid;
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
import tensorlink.jobs.pipeline.Outbox;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.jobs.pipeline.StageRunner;
import tensorlink.jobs.pipeline.TensorSizes;
import tensorlink.jobs.weights.CheckedWeights;
import tensorlink.jobs.weights.RemoteWeights;
import tensorlink.jobs.weights.WeightsClient;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/**
 * One job on this worker, from the accepted offer to the freed memory.
 *
 * <p>A user that is lost while the job runs may come back: for the time of grace the stage stays,
 * with the memory for it, and everything else is dropped ({@link #hold}). Who comes back finds the
 * stage at a step's boundary and links it anew ({@link #resume}); then what is left of the {@link
 * Attachment} before does nothing to the job any more.
 *
 * <p>Threads: the control stream's handler reads commands and answers beats at once; the other
 * commands run one after another on a thread of their own ({@link #obey}). Each stage stream has
 * its handler's thread as reader, and the stage's loop has one. Whatever fails first calls {@link
 * #end}, which tells the user, ends every thread and frees everything, once: what is being built
 * meanwhile gives up under the lock {@code building}, so that nothing is built after the end.
 */
final class Engagement {
    private static final Logger log = LoggerFactory.getLogger(Engagement.class);
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
    private final ReentrantLock building = new ReentrantLock();
    private volatile @Nullable Attachment attached;
    private volatile @Nullable Tally tally;
    private volatile @Nullable WeightsClient fetching;
    private volatile Scheduler.Task timer = () -> {};
    private volatile Scheduler.Task grace = () -> {};
    private volatile @Nullable Route route;
    private volatile int index;
    private volatile @Nullable Stage stage;
    private final AtomicLong usedBefore = new AtomicLong();
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
        stream.timeout(terms.limits().silenceMax());
        var at = new Attachment(stream);
        attached = at;
        attend(
                at,
                () -> {
                    requireCover(open.agreement());
                    var counting = Tally.sign(party, offer.content(), terms.unitPrice(), open);
                    tally = counting;
                    keepDossier();
                    if (!job.tryBecome(new JobState.Agreed())) {
                        return false;
                    }
                    expireInTime();
                    party.scheduler().fork("commands-" + id(), () -> obey(at));
                    at.report(new Report.Opened(counting.payeeSignature()));
                    return true;
                });
    }

    /**
     * Goes on with a user that was lost, or whose loss has not been noticed here yet; obeys it
     * until it is lost again or the job ends.
     */
    void resume(Stream stream) throws IOException, InterruptedException {
        if (!stream.connection().remotePeer().equals(request().user())) {
            throw new ProtocolViolation("resume: job " + id() + " is another user's");
        }
        stream.timeout(terms.limits().silenceMax());
        try {
            var at = takeUp(stream);
            attend(
                    at,
                    () -> {
                        party.scheduler().fork("commands-" + id(), () -> obey(at));
                        at.report(new Report.Resumed(loaded().step()));
                        return true;
                    });
        } catch (JobException refused) {
            stream.writeMessage(new Report.Failed(refused.problem()).encode());
        }
    }

    private Attachment takeUp(Stream stream) throws JobException, InterruptedException {
        var before = attached;
        if (ended.get() || before == null || !mayBeHeld()) {
            throw notTakenUp("it is " + job.state().label() + ", and not held");
        }
        before.control().reset(); // its end may not have been noticed
        hold(before, endedProblem("its user has come anew"));
        before.awaitIdle(party.scheduler(), terms.limits().closeTimeout());
        building.lockInterruptibly();
        try {
            requireGoingOn();
            var here = stage;
            if (here == null || attached != before) {
                throw notTakenUp("it has been taken up by another connection");
            }
            abandon(here);
            usedBefore.addAndGet(before.usage());
            var at = new Attachment(stream);
            attached = at;
            grace.cancel();
            if (ended.get()) {
                at.fail(endedProblem("job " + id() + " has ended"));
            }
            log.info("job {}: its user is here again", id());
            return at;
        } finally {
            building.unlock();
        }
    }

    private void abandon(Stage here) throws JobException, InterruptedException {
        try {
            here.abandon();
        } catch (StageLostException lost) {
            var problem = StageRunner.lost(index, lost);
            end(new JobState.Failed(problem.toString()), problem);
            throw new JobException(problem);
        }
    }

    private JobException notTakenUp(String why) {
        return new JobException(
                ProblemCode.NOT_READY,
                "job " + id() + " is not taken up again",
                why,
                "ask for the job again");
    }

    /** How a user is greeted; false when the job is over. */
    private interface Greeting {
        boolean greet() throws IOException, InterruptedException;
    }

    private void attend(Attachment at, Greeting greeting) throws InterruptedException {
        try {
            if (greeting.greet()) {
                listen(at);
            }
        } catch (ProtocolViolation violation) {
            fail(
                    at,
                    new Problem(
                            ProblemCode.MALFORMED,
                            "job " + id() + " ended",
                            "its user does not keep to the protocol: " + violation.getMessage(),
                            ""));
        } catch (IOException lost) {
            hold(
                    at,
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
            if (ended.get()) {
                awaitFreed();
            }
        }
    }

    private boolean mayBeHeld() {
        return !terms.limits().grace().isZero()
                && stage != null
                && job.state() instanceof JobState.Running;
    }

    /**
     * Lets the user go, and keeps the stage for it for the time of grace; ends a job that does not
     * run yet.
     */
    private void hold(Attachment at, Problem lost) {
        if (!mayBeHeld()) {
            fail(at, lost);
            return;
        }
        if (!at.leave()) {
            return;
        }
        at.tell(new Report.Failed(lost));
        at.fail(lost);
        building.lock();
        try {
            at.drop(FrameStream::close);
            if (attached == at && !ended.get()) {
                log.info("job {} is held for its user: {}", id(), lost.why());
                grace = party.scheduler().after(terms.limits().grace(), () -> giveUp(lost));
                if (ended.get()) {
                    grace.cancel();
                }
            }
        } finally {
            building.unlock();
        }
        at.closeControl();
    }

    private void giveUp(Problem lost) {
        end(
                new JobState.Failed(
                        "the user was lost, and did not come back within "
                                + terms.limits().grace()
                                + ": "
                                + lost.why()),
                lost);
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

    private void listen(Attachment at) throws IOException, InterruptedException {
        while (true) {
            Command command;
            try {
                command = Command.decode(at.control().readMessage(Command.BYTES_MAX));
            } catch (EOFException gone) {
                if (ended.get()) {
                    return;
                }
                throw new IOException("it closed the control stream", gone);
            }
            if (command instanceof Command.Beat(var sequence)) {
                at.report(new Report.Beat(sequence));
                sendReceipt(at, false);
                requireCovered(at);
                requireCredit(at);
            } else if (command instanceof Command.Close(var outcome, var reason)
                    && outcome.equals(FAILED)) {
                // Nothing that was told before matters, or can come to an end.
                end(new JobState.Failed(reason), null);
                return;
            } else {
                try {
                    at.commands().put(command);
                } catch (JobException over) {
                    return;
                }
            }
        }
    }

    private void obey(Attachment at) {
        try {
            while (true) {
                obey(at, at.commands().take());
            }
        } catch (JobException failed) {
            fail(at, failed.problem());
        } catch (ProtocolViolation | IllegalArgumentException | IllegalStateException failed) {
            fail(at, notObeyed(failed));
        } catch (IOException lost) {
            // While the job runs, only reports to the user do that.
            hold(at, notObeyed(lost));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            release("interrupted");
        } catch (StageLostException lost) {
            fail(at, StageRunner.lost(offer.content().stage(), lost));
        } catch (RuntimeException failed) {
            log.warn("job {} failed", id(), failed);
            fail(
                    at,
                    new Problem(
                            ProblemCode.COMPUTE,
                            "command not obeyed",
                            String.valueOf(failed.getMessage()),
                            "the worker's log has the details"));
        } finally {
            at.obeyed();
        }
    }

    private static Problem notObeyed(Exception cause) {
        return new Problem(
                ProblemCode.MALFORMED,
                "command not obeyed",
                String.valueOf(cause.getMessage()),
                "");
    }

    private void obey(Attachment at, Command command) throws IOException, InterruptedException {
        switch (command) {
            case Command.Open _, Command.Resume _, Command.Beat _ ->
                    throw new ProtocolViolation(
                            "command: " + command.getClass().getSimpleName() + " comes too late");
            case Command.Load load -> load(at, load);
            case Command.Link() -> link(at);
            case Command.Prepare(var step, var afterBatch) -> {
                var running = running(at);
                var prepared = running.prepare(step, afterBatch);
                at.report(new Report.Prepared(step, prepared, running.times()));
            }
            case Command.Commit(var step, var update) -> {
                running(at).commit(step, update);
                at.report(new Report.Applied(step));
                sendReceipt(at, false);
            }
            case Command.Abandon(var batch) -> running(at).abandon(batch);
            case Command.Settle(var afterBatch) -> {
                running(at).settle(afterBatch);
                at.report(new Report.Settled());
            }
            case Command.Snapshot() -> at.report(snapshot());
            case Command.Digests(var id) ->
                    at.report(new Report.DigestsTold(id, loaded().digests()));
            case Command.EndSession(var session) -> running(at).endSession(session);
            case Command.Pay(var voucher) -> earn(voucher);
            case Command.Close(var outcome, var reason) -> close(at, outcome, reason);
        }
    }

    // Loading and linking.

    private void load(Attachment at, Command.Load load) throws IOException, InterruptedException {
        job.become(new JobState.Loading());
        var layers = load.route().stage(load.stage()).layers();
        if (!layers.equals(offer.content().layers())
                || load.stage() != offer.content().stage()
                || load.route().size() != offer.content().stages()
                || !load.route().stage(load.stage()).worker().id().equals(party.id())) {
            throw new ProtocolViolation("load: stage " + load.stage() + " is not the one agreed");
        }
        int replicas = request().spec().training().replicas();
        if (load.route().grid().replicas() != replicas) {
            throw new ProtocolViolation(
                    "load: a route of "
                            + load.route().grid().replicas()
                            + " replicas, agreed were "
                            + replicas);
        }
        if (!load.config().equals(request().spec().config())
                || !load.manifest().digest().equals(request().spec().weights())) {
            throw new ProtocolViolation("load: the model is not the one agreed");
        }
        var progress =
                new LoadingReport(
                        party.scheduler(), at::report, bytesToLoad(layers, load.manifest()));
        var spec = request().spec();
        var options =
                switch (spec.purpose()) {
                    case TRAINING -> StageOptions.forTraining(spec.training(), terms.threads());
                    case INFERENCE -> StageOptions.forInference(terms.threads());
                };
        try (var here = published(load, layers, progress)) {
            open(load, layers, options, here, progress);
        }
        if (terms.only() != null) {
            reachNeighbours(load.route());
        }
        at.report(new Report.Ready(engine.profile().id().hex()));
    }

    /**
     * What this worker has from its hub of the stage's tensors: none where it has no hub, or what
     * is there is not what was agreed. An end of the job ends the fetching.
     */
    private Weights published(Command.Load load, LayerRange layers, LoadingReport progress)
            throws IOException, InterruptedException {
        var hub = terms.hub();
        if (hub == null || load.published().isEmpty()) {
            return CheckedWeights.none();
        }
        var from = load.published().get();
        try {
            var here =
                    CheckedWeights.fetch(
                            hub,
                            from,
                            config,
                            layers,
                            load.manifest(),
                            bytes -> {
                                requireGoingOn();
                                progress.came(bytes);
                            });
            log.info(
                    "job {}: {} of {} tensors are those of {}",
                    id(),
                    here.tensors().size(),
                    config.tensors(layers).size(),
                    from);
            return here;
        } catch (JobException over) {
            throw over;
        } catch (IOException unavailable) {
            log.info("job {}: {} is not to be had: {}", id(), from, unavailable.getMessage());
            return CheckedWeights.none();
        }
    }

    private void open(
            Command.Load load,
            LayerRange layers,
            StageOptions options,
            Weights here,
            LoadingReport progress)
            throws IOException, InterruptedException {
        long before = progress.done();
        building.lockInterruptibly();
        try (var client =
                        WeightsClient.open(
                                party.host(),
                                party.protocols(),
                                request().user(),
                                id(),
                                terms.limits().loadSilence());
                var weights =
                        new RemoteWeights(
                                client,
                                load.manifest(),
                                here,
                                bytes -> progress.came(before + bytes))) {
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
    }

    /** Nobody can be asked to dial a node of a user's own, which therefore does. */
    private void reachNeighbours(Route path) throws JobException, InterruptedException {
        if (index == 0) {
            return; // it opens the streams to the others itself
        }
        reachNeighbour(path, index - 1);
        if (config.tiedEmbeddings() && path.grid().isLast(index)) {
            reachNeighbour(path, 0);
        }
    }

    private void reachNeighbour(Route path, int other) throws JobException, InterruptedException {
        try {
            party.host().connect(path.stage(other).worker());
        } catch (DialException failed) {
            throw unreachable(other, failed);
        }
    }

    private JobException unreachable(int other, IOException cause) {
        return new JobException(
                new Problem(
                        ProblemCode.NOT_READY,
                        "stage " + index + " cannot reach stage " + other,
                        String.valueOf(cause.getMessage()),
                        "the two workers must be able to connect to each other"),
                cause);
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

    private void link(Attachment at) throws IOException, InterruptedException {
        building.lockInterruptibly();
        try {
            requireGoingOn();
            if (at.isLeft()) {
                throw new JobException(endedProblem("the user of job " + id() + " was lost"));
            }
            build(at, loadedRoute());
        } finally {
            building.unlock();
        }
        at.report(new Report.Linked());
    }

    private void requireGoingOn() throws JobException {
        if (ended.get()) {
            throw new JobException(endedProblem("job " + id() + " has ended"));
        }
    }

    private void build(Attachment at, Route path) throws IOException, InterruptedException {
        var grid = path.grid();
        boolean last = grid.isLast(index);
        boolean first = grid.isFirst(index);
        boolean shared = config.tiedEmbeddings() && grid.stages() > 1 && (first || last);
        int replica = grid.replica(index);
        FrameStream next = null;
        FrameStream tied = null;
        if (!last) {
            next = connect(at, path, index + 1, Hello.Role.INPUT);
        }
        if (shared && first) {
            tied = connect(at, path, index + grid.stages() - 1, Hello.Role.TIED);
        }
        var replicas = new TreeMap<Integer, FrameStream>();
        for (int later = replica + 1; later < grid.replicas(); later++) {
            int place = grid.place(later, grid.stage(index));
            replicas.put(later, connect(at, path, place, Hello.Role.REPLICA));
        }
        var later = List.copyOf(replicas.entrySet());
        if (shared && last) {
            tied = joined(at, Hello.Role.TIED, path.stage(index + 1 - grid.stages()).worker().id());
        }
        var before = first ? request().user() : path.stage(index - 1).worker().id();
        var input = joined(at, Hello.Role.INPUT, before);
        var output = last ? joined(at, Hello.Role.OUTPUT, request().user()) : null;
        for (int earlier = 0; earlier < replica; earlier++) {
            int place = grid.place(earlier, grid.stage(index));
            var from = path.stage(place).worker().id();
            replicas.put(earlier, joined(at, Hello.Role.REPLICA, from));
        }
        var toReplicas = new HashMap<Integer, Outbox>();
        replicas.forEach((other, stream) -> toReplicas.put(other, outbox(at, "replica", stream)));
        var neighbours =
                new StageRunner.Neighbours(
                        first ? null : outbox(at, "to-previous", input),
                        next == null ? null : outbox(at, "to-next", next),
                        output == null ? null : outbox(at, "to-user", output),
                        tied == null ? null : outbox(at, "shared", tied),
                        toReplicas);
        var running =
                new StageRunner(
                        loaded(),
                        new StageRunner.Place(grid, index, request().spec().training().schedule()),
                        request().spec().workload(),
                        neighbours,
                        party.scheduler());
        boolean relinked = job.state() instanceof JobState.Running;
        if (!at.runner().fill(running) || !(relinked || job.tryBecome(new JobState.Running()))) {
            var over = endedProblem("job " + id() + " has ended");
            running.fail(over);
            throw new JobException(over);
        }
        if (next != null) {
            var stream = next;
            fork(at, "from-next", () -> running.readGradients(stream));
        }
        if (tied != null && first) {
            var stream = tied;
            fork(at, "shared", () -> running.readTied(stream));
        }
        for (var other : later) {
            fork(at, "from-replica", () -> running.readReplica(other.getKey(), other.getValue()));
        }
        party.scheduler()
                .fork(
                        "stage-" + id(),
                        () -> {
                            var why = running.run();
                            at.looped();
                            fail(at, why);
                        });
    }

    private FrameStream connect(Attachment at, Route path, int to, Hello.Role role)
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
            var frames = frames(stream, role, path.grid(), to);
            at.connected(frames);
            return frames;
        } catch (IOException failed) {
            if (stream != null) {
                stream.reset();
            }
            throw unreachable(to, failed);
        }
    }

    /** A stage stream, with the tensors that its role allows on the way to {@code to}. */
    private FrameStream frames(Stream stream, Hello.Role role, Grid grid, int to) {
        var sizes = sizes();
        return switch (role) {
            case INPUT ->
                    grid.isFirst(to)
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
            case REPLICA -> new FrameStream(stream, StageRunner.replicaBytesMax(grid));
        };
    }

    private FrameStream joined(Attachment at, Hello.Role role, PeerId from)
            throws JobException, InterruptedException {
        return at.joined(new Attachment.Joint(role, from))
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

    private Outbox outbox(Attachment at, String name, FrameStream stream) {
        return Outbox.start(
                party.scheduler(),
                name + "-" + id(),
                stream,
                request().spec().workload().microBatches(),
                lost -> lostNeighbour(at, lost));
    }

    /** A stage stream of this job: reads it until it ends. */
    void join(Stream stream, Hello hello) throws IOException, InterruptedException {
        var at = attached;
        var path = route;
        var from = stream.connection().remotePeer();
        var refused =
                at == null || path == null ? notReady() : refusal(at, path.grid(), from, hello);
        stream.writeMessage(Hello.encodeAnswer(refused));
        if (at == null || path == null || refused != null) {
            return;
        }
        stream.timeout(Duration.ZERO);
        var frames = frames(stream, hello.role(), path.grid(), index);
        if (!at.joined(new Attachment.Joint(hello.role(), from)).fill(frames)) {
            return; // the job has ended meanwhile
        }
        reading(
                at,
                () -> {
                    var running = at.runner().await();
                    switch (hello.role()) {
                        case INPUT -> running.readInput(frames);
                        case OUTPUT -> running.readOutput(frames);
                        case TIED -> running.readTied(frames);
                        case REPLICA ->
                                running.readReplica(path.grid().replica(place(from)), frames);
                    }
                });
    }

    private @Nullable Problem refusal(Attachment at, Grid grid, PeerId from, Hello hello) {
        if (ended.get() || at.isLeft()) {
            return notReady();
        }
        int place = place(from);
        boolean ofUser = from.equals(request().user());
        boolean expected =
                switch (hello.role()) {
                    case INPUT -> grid.isFirst(index) ? ofUser : place == index - 1;
                    case OUTPUT -> grid.isLast(index) && ofUser;
                    case TIED ->
                            config.tiedEmbeddings()
                                    && grid.stages() > 1
                                    && grid.isLast(index)
                                    && place == index + 1 - grid.stages();
                    case REPLICA ->
                            place >= 0 && place < index && grid.stage(place) == grid.stage(index);
                };
        if (hello.stage() != index || !expected) {
            return new Problem(
                    ProblemCode.NOT_ALLOWED,
                    "stage stream refused",
                    from.shortText() + " is not the " + hello.role() + " of stage " + hello.stage(),
                    "");
        }
        if (!at.claim(new Attachment.Joint(hello.role(), from))) {
            return new Problem(
                    ProblemCode.NOT_ALLOWED,
                    "stage stream refused",
                    "the " + hello.role() + " stream of stage " + index + " is here already",
                    "");
        }
        return null;
    }

    /** Where a worker is on the route; negative for others. */
    private int place(PeerId worker) {
        var path = route;
        for (int place = 0; path != null && place < path.size(); place++) {
            if (path.stage(place).worker().id().equals(worker)) {
                return place;
            }
        }
        return -1;
    }

    private Problem notReady() {
        return endedProblem("job " + id() + " is not ready for streams");
    }

    // Work.

    private interface Reading {
        void run() throws IOException, InterruptedException;
    }

    private void fork(Attachment at, String name, Reading reading) {
        party.scheduler().fork(name + "-" + id(), () -> reading(at, reading));
    }

    /**
     * Runs a reader; a broken stream is the end of the job. A neighbour that closes its stream in
     * order has ended its stage: the user, who knows why, tells us the same or the failure.
     */
    private void reading(Attachment at, Reading reading) {
        try {
            reading.run();
        } catch (EOFException closed) {
            log.debug("job {}: a neighbour of stage {} has closed its stream", id(), index);
        } catch (JobException over) {
            fail(at, over.problem());
        } catch (ProtocolViolation violation) {
            fail(
                    at,
                    new Problem(
                            ProblemCode.MALFORMED,
                            "stage " + index + " stopped",
                            String.valueOf(violation.getMessage()),
                            ""));
        } catch (IOException lost) {
            lostNeighbour(at, lost);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void lostNeighbour(Attachment at, IOException cause) {
        hold(
                at,
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

    private static StageRunner running(Attachment at) throws ProtocolViolation {
        return at.runner()
                .now()
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

    private JobRequest request() {
        return offer.content().request().content();
    }

    /** The work done so far, in units of usage. */
    private long usage() {
        var at = attached;
        return usedBefore.get() + (at == null ? 0 : at.usage());
    }

    /**
     * Ends a job that has had more work than it pays for, when what it has earned is paid. Called
     * with each beat.
     */
    private void requireCovered(Attachment at) throws IOException, InterruptedException {
        var counting = tally;
        if (counting == null
                || at.runner().now().isEmpty()
                || ended.get()
                || !counting.isUsedUp(usage())) {
            return;
        }
        sendReceipt(at, true);
        if (counting.isOwed() && ++beatsUnpaid < BEATS_UNPAID_MAX) {
            return;
        }
        fail(
                at,
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
    private void requireCredit(Attachment at) throws IOException, InterruptedException {
        var counting = tally;
        if (counting == null || at.runner().now().isEmpty() || ended.get() || counting.isFree()) {
            return;
        }
        worker.credit().owes(id(), request().payer(), counting.unpaid(usage()));
        if (worker.credit().admits(request().payer())) {
            beatsOnCredit = 0;
            return;
        }
        sendReceipt(at, true);
        if (++beatsOnCredit < BEATS_UNPAID_MAX) {
            return;
        }
        fail(
                at,
                new Problem(
                        ProblemCode.PAYMENT,
                        "job " + id() + " ended",
                        "no voucher has come for " + counting.unpaid(usage()) + " units of work",
                        "answer receipts with vouchers; this worker works for so much on credit,"
                                + " and no more"));
    }

    private void sendReceipt(Attachment at, boolean evenIfRecent)
            throws IOException, InterruptedException {
        var counting = tally;
        if (counting != null && at.runner().now().isPresent()) {
            var receipt = counting.receipt(usage(), evenIfRecent);
            if (receipt.isPresent()) {
                at.report(new Report.Receipt(receipt.get()));
            }
        }
    }

    // The end.

    private void close(Attachment at, String outcome, String reason)
            throws IOException, InterruptedException {
        sendReceipt(at, true);
        var counting = tally;
        if (counting != null && counting.isOwed()) {
            awaitPayment(at, counting);
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
    private void awaitPayment(Attachment at, Tally counting)
            throws IOException, InterruptedException {
        var late =
                new Problem(
                        ProblemCode.PAYMENT,
                        "job " + id() + " was not paid",
                        "no voucher came within " + terms.limits().closeTimeout(),
                        "");
        var patience =
                party.scheduler()
                        .after(terms.limits().closeTimeout(), () -> at.commands().fail(late));
        try {
            while (counting.isOwed()) {
                if (at.commands().take() instanceof Command.Pay(var voucher)) {
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

    /**
     * Ends the job, unless its user was lost before. A stage that fails closes its streams: what
     * its readers then see is not the cause.
     */
    private void fail(Attachment at, Problem problem) {
        if (!at.isLeft()) {
            var cause = at.runner().now().flatMap(StageRunner::failure).orElse(problem);
            end(new JobState.Failed(cause.toString()), cause);
        }
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
        var at = attached;
        if (problem != null && at != null) {
            // First of all, so that the user hears the cause before it sees streams break.
            at.tell(new Report.Failed(problem));
        }
        timer.cancel();
        grace.cancel();
        if (at != null) {
            at.fail(problem == null ? endedProblem("the user closed the job") : problem);
        }
        var client = fetching;
        if (client != null) {
            client.abort();
        }
        building.lock();
        try {
            dismantle(state);
            if (at != null) {
                at.drop(problem == null ? FrameStream::close : FrameStream::reset);
            }
        } finally {
            building.unlock();
        }
        noteDebt();
        keepDossier();
        long bytes = worker.forget(id());
        log.info("job {} {}: {} bytes freed {}", id(), state.label(), bytes, state.reason());
        if (problem == null) {
            worker.redeem(request().payer());
        }
        if (at != null) {
            if (problem == null) {
                at.tell(new Report.Closed(bytes));
            }
            at.closeControl();
        }
        freed.fill(bytes);
        worker.redeemOutstanding();
    }

    /** For a dispute, which may come when the job is long over. */
    private void keepDossier() {
        Optional.ofNullable(tally)
                .flatMap(counting -> counting.dossier(offer.signer()))
                .ifPresent(worker::keep);
    }

    private void noteDebt() {
        var counting = tally;
        if (counting != null && !counting.isFree()) {
            worker.credit().owes(id(), request().payer(), counting.unpaid(usage()));
        }
    }

    private void dismantle(JobState state) {
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
        public boolean admits(PeerId peer, String tensor) {
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
