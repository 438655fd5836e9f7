package tensorlink.jobs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Architecture;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.Rows;
import tensorlink.compute.StageState;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.MemoryWeights;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Update;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.JobState;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.LoggedStep;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.StageTimes;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Pipeline;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.user.TrainingRecord;
import tensorlink.jobs.weights.WeightsClient;

/**
 * A model whose layers live on workers, used as if it were here.
 *
 * <p>When a worker is lost, every method that needs it takes longer: the job goes on with other
 * workers from where it was, bit by bit ({@link JobOptions#patience}). Only when none are to be had
 * does it fail with a {@link JobException}; closing is always possible and frees every worker's
 * memory.
 *
 * <p>For one thread at a time.
 */
public final class DistributedModel implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DistributedModel.class);

    private final Party party;
    private final JobLimits limits;
    private final Model model;
    private final JobOptions options;
    private final Workload workload;
    private final int microBatches;
    private final TrainingRecord record;
    private final JobListener listener;
    private final JobId id;
    private final Recovery recovery;

    /** The losses that have given gradients since the last step, beginning with a fresh one. */
    private final List<BatchLoss> accumulated = new ArrayList<>();

    private boolean training;
    private boolean fresh = true;
    private boolean stepable;
    private boolean interrupted;
    private volatile boolean closed;
    private long batches;
    private long sessions;
    private long nextCheckpoint;
    private double gradientNorm;
    private @Nullable BatchLoss onCall;
    private volatile Standing standing;
    private final Pace pace;

    /** The stages at work now, and what they have said of their time. */
    private record Standing(Session session, List<StageTimes> times) {
        static Standing of(Session session) {
            return new Standing(
                    session, session.links().stream().map(_ -> StageTimes.none()).toList());
        }
    }

    /**
     * @param first the job as it runs now
     * @param recruits where others come from when its workers are lost
     */
    DistributedModel(
            Party party,
            JobLimits limits,
            Model model,
            Workload workload,
            JobOptions options,
            TrainingRecord record,
            Recovery.Started first,
            Recovery.Recruits recruits,
            JobListener listener) {
        this.party = party;
        this.limits = limits;
        this.model = model;
        this.workload = workload;
        this.microBatches = workload.microBatches();
        this.options = options;
        this.record = record;
        this.listener = listener;
        this.id = first.session().id();
        this.training = options.purpose() == Purpose.TRAINING;
        this.nextCheckpoint = record.checkpointStep() + options.checkpointEvery();
        this.standing = Standing.of(first.session());
        this.pace = new Pace(party.scheduler());
        this.recovery =
                new Recovery(party.scheduler(), first, recruits, options, listener, this::replay);
    }

    /** Brings the workers to where the training that is kept here has come. */
    void begin() throws JobException, InterruptedException {
        recovery.begin();
        fresh = record.step() == record.checkpointStep(); // else gradients are there
    }

    /** Names the job from its beginning to its end, whatever becomes of its workers. */
    public JobId job() {
        return id;
    }

    /** The model as it was when the job began: its configuration and tokenizer. */
    public Model model() {
        return model;
    }

    /** How many parameters it has, over all workers; shared ones count once. */
    public long parameterCount() {
        return model.parameterCount();
    }

    /** How many parts a batch of so many rows is cut into. */
    public int microBatches(int rows) {
        return Math.min(microBatches, rows);
    }

    // Training.

    /**
     * Names the rule that moves the parameters.
     *
     * @throws IllegalArgumentException when it remembers more than {@link JobOptions#how} asked
     *     room for
     */
    public DistributedOptimizer optimizer(Optimizer rule) {
        requireTraining("an optimizer");
        requireRoom(rule);
        return new DistributedOptimizer(this, rule);
    }

    /** Losses give gradients from now on; the state a training job begins in. */
    public void train() {
        requireTraining("training");
        training = true;
    }

    /** Losses give their value only from now on, and cost less. */
    public void eval() {
        training = false;
    }

    /**
     * The loss of predicting {@code labels}, computed when it is asked for.
     *
     * @param inputs token ids, or of a layer graph the values of its inputs; cut into micro-batches
     *     of whole rows
     * @param labels as the model's {@link Task} has them: of the same shape, where each position is
     *     predicted from those before it, and -100 does not count; or the class of each row; or
     *     numbers; or what a graph's loss is of
     * @throws IllegalArgumentException for an id outside the vocabulary, or rows of another width
     * @throws JobException when the batch is larger than the job's workload
     */
    public Loss forward(Rows inputs, Rows labels) throws JobException, InterruptedException {
        return loss(inputs, labels, training);
    }

    /** The loss of a batch without gradients, whatever the model's state. */
    public float evaluate(Rows inputs, Rows labels) throws JobException, InterruptedException {
        return loss(inputs, labels, false).value();
    }

    private BatchLoss loss(Rows inputs, Rows labels, boolean withGradients)
            throws JobException, InterruptedException {
        var architecture = model.architecture();
        architecture.requireInputs(inputs);
        architecture.requireLabels(labels);
        var batch = new Batch(inputs, labels, architecture.task().kind());
        var parts = batch.split(microBatches(inputs.rows()));
        requireFits(parts);
        requireGoingOn();
        return new BatchLoss(parts, withGradients);
    }

    void requireRoom(Optimizer rule) {
        var parameters = model.architecture().tensors(model.architecture().allLayers());
        var agreed = options.how().optimizer();
        if (rule.stateBytes(parameters) > agreed.stateBytes(parameters)) {
            throw new IllegalArgumentException(
                    rule
                            + " remembers more than "
                            + agreed
                            + ", for which the workers have room: JobOptions.how(...)");
        }
    }

    /** Drops the gradients accumulated so far, when the next batch comes. */
    public void zeroGrad() {
        fresh = true;
        stepable = false;
    }

    long steps() {
        return record.step();
    }

    /** Returns the norm of the gradients before it was limited to {@code maxNorm}. */
    double step(Optimizer rule, double maxNorm) throws IOException, InterruptedException {
        requireGoingOn();
        if (!stepable) {
            throw new IllegalStateException("no gradients: call backward on a loss first");
        }
        var prepared = surviving(session -> prepare(session, rule, maxNorm));
        record.commit(prepared);
        accumulated.clear();
        surviving(session -> {
            session.tellAll(prepared.commit()); // a stage that has applied it does nothing
            return prepared;
        });
        pace.beat();
        return gradientNorm;
    }

    /** Has all stages fix the gradients of a step, and notes all that is needed to do it again. */
    private LoggedStep prepare(Session session, Optimizer rule, double maxNorm)
            throws JobException, InterruptedException {
        long step = record.step() + 1;
        abandonOnCall(session, null);
        session.tellAll(new Command.Prepare(step, batches));
        var logged = new ArrayList<LoggedStep.LoggedBatch>();
        for (var loss : accumulated) {
            logged.add(
                    new LoggedStep.LoggedBatch(loss.startedFresh, loss.parts, loss.await(session)));
        }
        var outcomes = awaitPrepared(session, step);
        var update = Update.clipped(rule, gradientNorm, maxNorm);
        return new LoggedStep(new Command.Commit(step, update), logged, outcomes);
    }

    private List<LoggedStep.Outcome> awaitPrepared(Session session, long step)
            throws JobException, InterruptedException {
        var prepared =
                session.awaitAll(
                        Report.Prepared.class,
                        limits.batchTimeout(),
                        "step " + step + " to be prepared");
        var profiles = recovery.current().profiles();
        var outcomes = new ArrayList<LoggedStep.Outcome>();
        var told = new ArrayList<StageTimes>();
        var gradients = new ArrayList<PreparedStep>();
        for (var link : session.links()) {
            var report = prepared.get(link.stage());
            if (report.step() != step) {
                throw link.disobeyed("it prepared step " + report.step() + ", not " + step);
            }
            outcomes.add(
                    new LoggedStep.Outcome(
                            link.plan().layers(),
                            profiles.get(link.stage()),
                            report.prepared().gradients()));
            told.add(report.times());
            gradients.add(report.prepared());
        }
        gradientNorm = PreparedStep.norm(gradients);
        standing = new Standing(session, List.copyOf(told));
        return outcomes;
    }

    /** A loss that has not been asked for, or has. */
    private final class BatchLoss implements Loss {
        private final List<MicroBatch> parts;
        private final boolean withGradients;
        private @Nullable Session sentTo;
        private Pipeline.@Nullable Pending pending;
        private boolean started;
        private boolean startedFresh;
        private boolean backwardCalled;
        private boolean superseded;
        private @Nullable List<Float> losses;

        BatchLoss(List<MicroBatch> parts, boolean withGradients) {
            this.parts = parts;
            this.withGradients = withGradients;
        }

        @Override
        public float value() throws JobException, InterruptedException {
            float sum = 0;
            for (float part : surviving(this::await)) {
                sum += part;
            }
            return sum;
        }

        @Override
        public void backward() throws JobException, InterruptedException {
            if (!withGradients) {
                throw new IllegalStateException("the model was in evaluation when this loss began");
            }
            if (backwardCalled) {
                throw new IllegalStateException("backward was called before");
            }
            if (superseded) {
                throw new IllegalStateException("another batch has come since; call forward again");
            }
            surviving(session -> {
                callBackwards(session);
                return this;
            });
            backwardCalled = true;
            stepable = true;
            if (startedFresh) {
                accumulated.clear(); // their gradients were dropped
            }
            accumulated.add(this);
        }

        private void callBackwards(Session session) throws JobException, InterruptedException {
            var sent = pendingOn(session);
            if (sent != null && (startedFresh || !fresh)) {
                session.pipeline().callBackwards(sent);
                onCall = null;
                fresh = false;
                return;
            }
            if (fresh && !startedFresh) {
                // zeroGrad came after this batch's forwards, which kept older gradients.
                started = false;
            }
            submit(session, BatchWork.Mode.TRAIN);
        }

        /** The losses of the micro-batches. */
        private List<Float> await(Session session) throws JobException, InterruptedException {
            if (losses == null) {
                var sent = pendingOn(session);
                if (sent == null && withGradients) {
                    sent = submit(session, BatchWork.Mode.TRAIN_ON_CALL);
                    onCall = this;
                } else if (sent == null) {
                    sent = submit(session, BatchWork.Mode.EVALUATE);
                }
                losses = awaitLosses(session, sent);
            }
            return losses;
        }

        private Pipeline.@Nullable Pending pendingOn(Session session) {
            return sentTo == session ? pending : null;
        }

        private Pipeline.Pending submit(Session session, BatchWork.Mode mode)
                throws JobException, InterruptedException {
            abandonOnCall(session, this);
            if (withGradients && !started) {
                started = true;
                startedFresh = fresh;
                fresh = false;
            }
            if (withGradients && startedFresh && record.step() >= nextCheckpoint) {
                checkpoint(session);
            }
            return send(session, mode, record.step());
        }

        private Pipeline.Pending send(Session session, BatchWork.Mode mode, long afterStep)
                throws JobException, InterruptedException {
            var work =
                    new BatchWork(
                            mode,
                            parts.size(),
                            withGradients && startedFresh,
                            parts.getFirst().labelCount(),
                            afterStep,
                            null);
            var sent = DistributedModel.this.send(session, work, parts, true);
            sentTo = session;
            pending = sent;
            return sent;
        }

        /** Gives its gradients to stages that have not seen it. */
        private void replay(Session session) throws JobException, InterruptedException {
            var sent = send(session, BatchWork.Mode.TRAIN, record.step());
            var before = losses;
            if (before != null) {
                requireSame("losses of the batch at hand", before, awaitLosses(session, sent));
            }
        }
    }

    private List<Float> awaitLosses(Session session, Pipeline.Pending sent)
            throws JobException, InterruptedException {
        var losses = new ArrayList<Float>();
        for (int m = 0; m < sent.microBatches(); m++) {
            losses.add(session.pipeline().await(sent, TensorFrame.Loss.class).value());
        }
        return List.copyOf(losses);
    }

    private Pipeline.Pending send(
            Session session, BatchWork work, List<MicroBatch> parts, boolean withLabels)
            throws JobException, InterruptedException {
        batches++;
        session.count(
                parts,
                work.mode() == BatchWork.Mode.TRAIN || work.mode() == BatchWork.Mode.TRAIN_ON_CALL);
        return session.pipeline().submit(batches, work, parts, withLabels);
    }

    /**
     * Tells the stages not to wait for backwards that nobody will ask for.
     *
     * @param next the loss that is sent now, if it is one
     */
    private void abandonOnCall(Session session, @Nullable BatchLoss next)
            throws JobException, InterruptedException {
        var open = onCall;
        if (open == null) {
            return;
        }
        var sent = open.pendingOn(session);
        if (sent != null) {
            session.tellAll(new Command.Abandon(sent.batch()));
        }
        onCall = null;
        if (open != next) {
            open.superseded = true;
            fresh |= open.startedFresh; // it has dropped older gradients, and added none
        }
    }

    // What survives.

    private void requireGoingOn() throws JobException, InterruptedException {
        surviving(session -> {
            session.check();
            return session;
        });
    }

    private <T, E extends IOException> T surviving(Recovery.Work<T, E> work)
            throws E, JobException, InterruptedException {
        try {
            return recovery.surviving(work);
        } catch (InterruptedException stopped) {
            interrupted = true;
            throw stopped;
        }
    }

    /** Does on stages that begin at the last checkpoint what was done since. */
    private long replay(Recovery.Started started) throws IOException, InterruptedException {
        var session = started.session();
        standing = Standing.of(session);
        long before = record.checkpointStep();
        record.replay(logged -> redo(started, logged));
        for (var loss : accumulated) {
            loss.replay(session);
        }
        return record.step() - before;
    }

    private void redo(Recovery.Started started, LoggedStep logged)
            throws JobException, InterruptedException {
        var session = started.session();
        for (var batch : logged.batches()) {
            var work =
                    new BatchWork(
                            BatchWork.Mode.TRAIN,
                            batch.parts().size(),
                            batch.fresh(),
                            batch.parts().getFirst().labelCount(),
                            logged.step() - 1,
                            null);
            var losses = awaitLosses(session, send(session, work, batch.parts(), true));
            if (computesAsThen(started, logged)) {
                requireSame("losses of step " + logged.step(), batch.losses(), losses);
            }
        }
        session.tellAll(new Command.Prepare(logged.step(), batches));
        for (var now : awaitPrepared(session, logged.step())) {
            for (var then : logged.stages()) {
                if (then.layers().equals(now.layers()) && then.profile().equals(now.profile())) {
                    requireSame(
                            "gradients of " + now.layers() + " in step " + logged.step(),
                            then.gradients(),
                            now.gradients());
                }
            }
        }
        session.tellAll(logged.commit());
    }

    private static boolean computesAsThen(Recovery.Started started, LoggedStep logged) {
        var profiles = new HashSet<>(started.profiles());
        logged.stages().forEach(stage -> profiles.add(stage.profile()));
        return profiles.size() == 1;
    }

    private static void requireSame(String what, Object then, Object now) throws JobException {
        if (!now.equals(then)) {
            throw new JobException(
                    ProblemCode.COMPUTE,
                    "what was done again came out otherwise",
                    "the " + what + " are " + now + ", were " + then,
                    "one of the workers, then or now, does not compute right");
        }
    }

    /** Fetches all that the stages hold, and keeps it: nothing older needs to be done again. */
    private void checkpoint(Session session) throws JobException, InterruptedException {
        var held = held(session);
        try (var source = held.source()) {
            record.keep(held.manifest(), source::read);
        } catch (JobException lost) {
            throw lost;
        } catch (IOException local) {
            listener.warned("no checkpoint of step " + record.step() + ": " + local.getMessage());
        }
        nextCheckpoint = record.step() + options.checkpointEvery();
    }

    /** All that the stages hold after the last step. */
    private record Held(Manifest manifest, StageWeights source) {}

    private Held held(Session session) throws JobException, InterruptedException {
        session.tellAll(new Command.Snapshot());
        var taken =
                session.awaitAll(
                        Report.SnapshotTaken.class,
                        limits.batchTimeout(),
                        "the stages to say what they hold");
        var entries = new LinkedHashMap<String, Manifest.Entry>();
        var holders = new LinkedHashMap<String, Integer>();
        for (var link : session.links()) {
            var told = taken.get(link.stage());
            if (told.step() != record.step()) {
                throw link.disobeyed("it is at step " + told.step() + ", not " + record.step());
            }
            for (var entry : told.manifest().tensors()) {
                var name = entry.tensor().name();
                var before = entries.putIfAbsent(name, entry);
                if (before != null && !before.equals(entry)) {
                    throw link.disobeyed(
                            "it holds another " + name + " than stage " + holders.get(name));
                }
                holders.putIfAbsent(name, link.stage());
            }
        }
        var manifest = new Manifest(List.copyOf(entries.values()));
        return new Held(
                manifest,
                new StageWeights(
                        session,
                        manifest.tensors().stream().map(Manifest.Entry::tensor).toList(),
                        name -> Objects.requireNonNull(holders.get(name), name)));
    }

    // Inference.

    /**
     * What the model's last stage gives, F32 of shape {@link Architecture#resultShape}: the logits
     * of every position in a language model. The caller owns it.
     *
     * @throws JobException when the rows are more than one micro-batch of the job's workload
     */
    public Tensor logits(Rows inputs) throws JobException, InterruptedException {
        var part = List.of(new MicroBatch(0, inputs, inputs, 0));
        model.architecture().requireInputs(inputs);
        requireFits(part);
        return surviving(session -> logits(session, part));
    }

    private Tensor logits(Session session, List<MicroBatch> part)
            throws JobException, InterruptedException {
        var inputs = part.getFirst().inputs();
        abandonOnCall(session, null);
        var work = new BatchWork(BatchWork.Mode.INFER, 1, false, 0, steps(), null);
        var sent = send(session, work, part, false);
        var logits = session.pipeline().await(sent, TensorFrame.Logits.class).tensor();
        var shape = model.architecture().resultShape(inputs.rows(), inputs.length());
        if (logits.dtype() != DType.F32 || !logits.shape().equals(shape)) {
            logits.close();
            throw session.links()
                    .getLast()
                    .disobeyed("it sends logits " + logits + ", expected F32 " + shape);
        }
        return logits;
    }

    /**
     * Continues a sequence of token ids; every stage keeps the keys and values of what has passed.
     *
     * @param onToken told each token as it comes
     * @return the new tokens only
     * @throws JobException when prompt and new tokens do not fit into the job's length
     */
    public List<Integer> generate(
            List<Integer> prompt, GenerateOptions options, IntConsumer onToken)
            throws JobException, InterruptedException {
        if (!model.architecture().causal()) {
            throw new IllegalArgumentException(
                    "a model for " + model.architecture().task() + " continues no text");
        }
        int capacity = prompt.size() + options.maxTokens();
        if (prompt.isEmpty() || capacity > workload.length()) {
            throw new JobException(
                    ProblemCode.TOO_LARGE,
                    "text not continued",
                    "a prompt of "
                            + prompt.size()
                            + " and "
                            + options.maxTokens()
                            + " new tokens, agreed were "
                            + workload.length()
                            + " in all",
                    "shorten one of them, or ask for a job with a longer length");
        }
        for (int token : prompt) {
            requireKnown("token", token, model.config().vocabulary());
        }
        var told = new AtomicInteger();
        return surviving(session -> generate(session, prompt, options, new Telling(onToken, told)));
    }

    /** Tells each token once, also when a generation begins again on other workers. */
    private record Telling(IntConsumer onToken, AtomicInteger told) {
        void tell(int index, int token) {
            if (index == told.get()) {
                told.incrementAndGet();
                onToken.accept(token);
            }
        }
    }

    private List<Integer> generate(
            Session session, List<Integer> prompt, GenerateOptions options, Telling telling)
            throws JobException, InterruptedException {
        session.check();
        int capacity = prompt.size() + options.maxTokens();
        long generation = sessions++;
        var generated = new ArrayList<Integer>();
        try {
            var next = new long[prompt.size()];
            for (int i = 0; i < next.length; i++) {
                next[i] = prompt.get(i);
            }
            int position = 0;
            while (generated.size() < options.maxTokens()) {
                var piece =
                        new BatchWork.Generation(
                                generation, position, capacity, options.sampling());
                int token = generate(session, Tokens.of(next), piece);
                if (options.stopTokens().contains(token)) {
                    break;
                }
                generated.add(token);
                telling.tell(generated.size() - 1, token);
                position += next.length;
                next = new long[] {token};
            }
        } finally {
            if (session.failure().isEmpty()) {
                forget(session, generation);
            }
        }
        return List.copyOf(generated);
    }

    /** Frees a generation's caches; when this returns every stage has room for another's. */
    private void forget(Session session, long generation)
            throws JobException, InterruptedException {
        settle(session);
        session.tellAll(new Command.EndSession(generation));
        settle(session);
    }

    private int generate(Session session, Tokens tokens, BatchWork.Generation generation)
            throws JobException, InterruptedException {
        abandonOnCall(session, null);
        var work = new BatchWork(BatchWork.Mode.GENERATE, 1, false, 0, steps(), generation);
        var sent = send(session, work, List.of(new MicroBatch(0, tokens, tokens, 0)), false);
        int token = session.pipeline().await(sent, TensorFrame.Token.class).token();
        if (token < 0 || token >= model.config().vocabulary()) {
            throw session.links()
                    .getLast()
                    .disobeyed("it sends token " + token + " of " + model.config().vocabulary());
        }
        return token;
    }

    // State.

    /** SHA-256 of each parameter's bytes, by its Hugging Face name, in the order of the model. */
    public Map<String, Digest> digests() throws JobException, InterruptedException {
        return surviving(this::digests);
    }

    private Map<String, Digest> digests(Session session) throws JobException, InterruptedException {
        session.tellAll(new Command.Digests(batches));
        var all = new LinkedHashMap<String, Digest>();
        for (var told :
                session.awaitAll(Report.DigestsTold.class, limits.batchTimeout(), "the digests")) {
            for (var entry : told.digests().entrySet()) {
                var before = all.putIfAbsent(entry.getKey(), entry.getValue());
                if (before != null && !before.equals(entry.getValue())) {
                    throw new JobException(
                            ProblemCode.COMPUTE,
                            "the stages disagree",
                            "two of them hold different values of " + entry.getKey(),
                            "");
                }
            }
        }
        return all;
    }

    /** One digest that names all weights. */
    public Digest weightsDigest() throws JobException, InterruptedException {
        return Digest.ofAll(digests());
    }

    /** The parameters by their Hugging Face names, in the order of the model. */
    public List<TensorSpec> parameters() {
        return model.architecture().tensors(model.architecture().allLayers());
    }

    /** The parameters by name, to be read one by one. */
    public Map<String, RemoteParameter> namedParameters() {
        var named = new LinkedHashMap<String, RemoteParameter>();
        for (var spec : parameters()) {
            named.put(spec.name(), new RemoteParameter(this, spec));
        }
        return named;
    }

    /** The parts of the model, such as {@code model} and {@code lm_head}. */
    public List<RemoteModule> children() {
        return new RemoteModule("", "", parameters()).children();
    }

    /** A copy of all parameters as they are now, under their names; the caller closes it. */
    public Weights stateDict() throws IOException, InterruptedException {
        return surviving(session -> {
            settle(session);
            var copies = new LinkedHashMap<String, Tensor>();
            try {
                for (var spec : parameters()) {
                    var holder = holders(session, spec.name()).getFirst();
                    copies.put(
                            spec.name(),
                            fetch(session, WeightsQuestion.What.PARAMETER, spec, holder));
                }
                return new MemoryWeights(copies);
            } catch (JobException | InterruptedException | RuntimeException failed) {
                copies.values().forEach(Tensor::close);
                throw failed;
            }
        });
    }

    /** A parameter's value as it is now, which the caller owns. */
    public Tensor parameter(String name) throws IOException, InterruptedException {
        var spec = spec(name);
        return surviving(session -> {
            settle(session);
            var holder = holders(session, name).getFirst();
            return fetch(session, WeightsQuestion.What.PARAMETER, spec, holder);
        });
    }

    /**
     * A parameter's accumulated gradient, which the caller owns. Where two stages share the
     * parameter it is the sum of theirs.
     */
    public Tensor gradient(String name) throws IOException, InterruptedException {
        var spec = spec(name);
        return surviving(session -> gradient(session, spec));
    }

    private Tensor gradient(Session session, TensorSpec spec)
            throws JobException, InterruptedException {
        var holders = holders(session, spec.name());
        settle(session);
        var sum = fetch(session, WeightsQuestion.What.GRADIENT, spec, holders.getFirst());
        if (holders.size() > 1) {
            try (var other =
                    fetch(session, WeightsQuestion.What.GRADIENT, spec, holders.getLast())) {
                for (long i = 0; i < sum.elements(); i++) {
                    sum.setFloat(i, sum.floatAt(i) + other.floatAt(i));
                }
            } catch (JobException | InterruptedException failed) {
                sum.close();
                throw failed;
            }
        }
        return sum;
    }

    /** Waits until every stage has done what it was told: tensors travel beside the commands. */
    private void settle(Session session) throws JobException, InterruptedException {
        abandonOnCall(session, null);
        session.tellAll(new Command.Settle(batches));
        session.awaitAll(
                Report.Settled.class, limits.batchTimeout(), "the stages to finish their work");
    }

    private Tensor fetch(Session session, WeightsQuestion.What what, TensorSpec spec, int stage)
            throws JobException, InterruptedException {
        var tensor = Tensor.allocate(spec.dtype(), spec.shape());
        try (var weights = new StageWeights(session, List.of(spec), _ -> stage)) {
            weights.read(what, spec.name(), 0, tensor.data());
            return tensor;
        } catch (JobException | InterruptedException | RuntimeException failed) {
            tensor.close();
            throw failed;
        }
    }

    private TensorSpec spec(String name) {
        for (var spec : parameters()) {
            if (spec.name().equals(name)) {
                return spec;
            }
        }
        throw new IllegalArgumentException("no parameter " + name);
    }

    /** The stages that hold a parameter: one, or two that share it. */
    private List<Integer> holders(Session session, String name) {
        var holders = new ArrayList<Integer>();
        for (int stage = 0; stage < session.route().size(); stage++) {
            var layers = session.route().stage(stage).layers();
            if (model.architecture().tensors(layers).stream()
                    .anyMatch(it -> it.name().equals(name))) {
                holders.add(stage);
            }
        }
        if (holders.isEmpty()) {
            throw new IllegalArgumentException("no parameter " + name);
        }
        return holders;
    }

    /**
     * Fetches the weights from the workers and writes a Hugging Face folder that loads anywhere.
     */
    public void save(Path folder) throws IOException, InterruptedException {
        surviving(session -> {
            settle(session);
            try (var weights =
                    new StageWeights(
                            session, parameters(), name -> holders(session, name).getFirst())) {
                model.withWeights(weights).save(folder);
            }
            return folder;
        });
    }

    /** Reads a state to its end. */
    @FunctionalInterface
    public interface StateReader {
        void read(StageState state) throws IOException, InterruptedException;
    }

    /**
     * Hands over parameters, optimizer state and step: what another run, here or elsewhere, needs
     * to go on from here. The tensors come from the workers as they are read. When one is lost
     * meanwhile, {@code reader} gets the same state again from others.
     */
    public void readState(StateReader reader) throws IOException, InterruptedException {
        requireTraining("optimizer state");
        surviving(session -> {
            settle(session);
            try (var state = new StageState(record.step(), held(session).source())) {
                reader.read(state);
            }
            return reader;
        });
    }

    /** The tensors as they are on the stages now, read from whichever stage holds them. */
    private final class StageWeights implements Weights {
        private final Session session;
        private final List<TensorSpec> tensors;
        private final ToIntFunction<String> holder;
        private final Map<Integer, WeightsClient> clients = new LinkedHashMap<>();

        StageWeights(Session session, List<TensorSpec> tensors, ToIntFunction<String> holder) {
            this.session = session;
            this.tensors = List.copyOf(tensors);
            this.holder = holder;
        }

        @Override
        public List<TensorSpec> tensors() {
            return tensors;
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws JobException, InterruptedException {
            read(WeightsQuestion.What.PARAMETER, name, offset, target);
        }

        void read(WeightsQuestion.What what, String name, long offset, MemorySegment target)
                throws JobException, InterruptedException {
            int stage = holder.applyAsInt(name);
            try {
                client(stage).read(what, name, offset, target);
            } catch (JobException refused) {
                session.check(); // why, if the job has failed meanwhile
                throw refused.code() == ProblemCode.WEIGHTS
                        ? refused
                        : session.links().get(stage).lose(refused);
            } catch (IOException lost) {
                throw session.links().get(stage).lose(lost);
            }
        }

        private WeightsClient client(int stage) throws IOException, InterruptedException {
            var client = clients.get(stage);
            if (client == null) {
                session.check();
                var worker = session.route().stage(stage).worker().id();
                client =
                        WeightsClient.open(
                                party.host(),
                                party.protocols(),
                                worker,
                                session.id(),
                                limits.loadSilence());
                clients.put(stage, client);
            }
            return client;
        }

        @Override
        public void close() {
            clients.values().forEach(WeightsClient::close);
        }
    }

    /** How the job stands. */
    public JobReport report() {
        var now = standing;
        var stages = new ArrayList<JobReport.StageReport>();
        for (var link : now.session().links()) {
            stages.add(
                    new JobReport.StageReport(
                            link.plan().worker().id(),
                            link.plan().layers(),
                            now.times().get(link.stage()),
                            link.plan().account(),
                            link.account().receipted(),
                            link.account().paid()));
        }
        var state =
                recovery.isRecovering() ? new JobState.Recruiting() : now.session().job().state();
        return new JobReport(
                id,
                state,
                state.reason(),
                steps(),
                recovery.current().predicted(),
                pace.mean(),
                stages);
    }

    /**
     * Bytes of tensors that this user has sent to its present workers, and received; those between
     * workers are not here.
     */
    public long bytesOnTheWire() throws JobException {
        var pipeline = recovery.session().pipeline();
        return pipeline.bytesSent() + pipeline.bytesReceived();
    }

    /**
     * Ends the job as completed: every worker frees its stage and is paid. A job whose user was
     * interrupted is cancelled. Idempotent.
     */
    @Override
    public void close() {
        end(interrupted ? new JobState.Cancelled("interrupted") : new JobState.Completed());
    }

    /**
     * Gives the job up: every worker frees its stage and is paid for what it did. Does nothing when
     * the job is over.
     *
     * @param reason what its reports will say
     */
    public void cancel(String reason) {
        end(new JobState.Cancelled(reason));
    }

    private void end(JobState state) {
        if (closed) {
            return;
        }
        closed = true;
        recovery.giveUp();
        var result = result(state);
        try {
            recovery.end(state, result);
        } catch (InterruptedException stopped) {
            recovery.session()
                    .fail(
                            new Problem(
                                    ProblemCode.ENDED,
                                    "job " + id + " is over",
                                    "interrupted",
                                    ""));
            Thread.currentThread().interrupt();
        }
        try {
            if (options.folder() == null) {
                record.forget();
            } else {
                record.close();
            }
        } catch (IOException unwritten) {
            log.error("job {}: its record cannot be closed", id, unwritten);
        }
    }

    /** The digest of what was trained; null when there is none to vouch for. */
    private @Nullable Digest result(JobState state) {
        if (!(state instanceof JobState.Completed)
                || recovery.session().failure().isPresent()
                || steps() == 0) {
            return null;
        }
        try {
            return weightsDigest();
        } catch (JobException failed) {
            recovery.session().fail(failed.problem());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        return null;
    }

    private void requireTraining(String what) {
        if (options.purpose() != Purpose.TRAINING) {
            throw new IllegalStateException(what + " needs a job for training");
        }
    }

    private static void requireKnown(String what, long id, int limit) {
        if (id < 0 || id >= limit) {
            throw new IllegalArgumentException(
                    what + " " + id + " outside of the vocabulary of " + limit);
        }
    }

    private void requireFits(List<MicroBatch> parts) throws JobException {
        var largest = parts.getFirst().inputs();
        if (largest.rows() > workload.rows() || largest.length() > workload.length()) {
            throw new JobException(
                    ProblemCode.TOO_LARGE,
                    "batch not sent",
                    "a micro-batch of "
                            + largest.rows()
                            + " x "
                            + largest.length()
                            + ", agreed were "
                            + workload.rows()
                            + " x "
                            + workload.length(),
                    "send less, or ask for a job with JobOptions.batch(rows, length)");
        }
    }
}
