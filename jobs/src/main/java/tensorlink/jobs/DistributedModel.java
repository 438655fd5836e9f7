package tensorlink.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Architecture;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.Rows;
import tensorlink.compute.StageState;
import tensorlink.compute.Task;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Optimizer;
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
import tensorlink.jobs.market.Plan;
import tensorlink.jobs.message.BatchWork;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.user.TrainingRecord;

/**
 * A model whose layers live on workers, used as if it were here.
 *
 * <p>When a worker is lost, every method that needs it takes longer: the job goes on with other
 * workers from where it was, bit by bit ({@link JobOptions#patience}). Only when none are to be had
 * does it fail with a {@link JobException}; closing is always possible and frees every worker's
 * memory.
 *
 * <p>For one thread at a time, but for {@link #cancel} and {@link #report}.
 */
public final class DistributedModel implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DistributedModel.class);

    private final Model model;
    private final JobOptions options;
    private final Workload workload;
    private final int microBatches;
    private final TrainingRecord record;
    private final JobId id;
    private final Recovery recovery;
    private final StageTraffic traffic;
    private final RemoteState state;
    private final TextGeneration generation;
    private final TrainingSteps steps;
    private final Pace pace;
    private boolean training;
    private final ReentrantLock ending = new ReentrantLock();
    private boolean closed;

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
        this.model = model;
        this.workload = workload;
        this.microBatches = workload.microBatches();
        this.options = options;
        this.record = record;
        this.id = first.session().id();
        this.training = options.purpose() == Purpose.TRAINING;
        this.pace = new Pace(party.scheduler());
        this.recovery =
                new Recovery(
                        party.scheduler(),
                        first,
                        recruits,
                        options,
                        limits.grace(),
                        listener,
                        new Replay());
        this.traffic = new StageTraffic(model.architecture(), limits);
        this.state = new RemoteState(party, limits, model.architecture());
        this.generation = new TextGeneration(traffic);
        this.steps = new TrainingSteps(record, options, listener, traffic, state, recovery);
    }

    /** What recovery, which the steps need to be made, needs of the steps. */
    private final class Replay implements Recovery.Replay {
        @Override
        public long replay(Recovery.Started fresh) throws IOException, InterruptedException {
            return steps.replay(fresh);
        }

        @Override
        public void takeUp(Recovery.Started held) throws IOException, InterruptedException {
            steps.takeUp(held);
        }

        @Override
        public boolean resumable() {
            return steps.resumable();
        }

        @Override
        public void resume(Recovery.Started resumed) throws JobException, InterruptedException {
            steps.resume(resumed);
        }
    }

    /**
     * Brings the workers to where the training that is kept here has come.
     *
     * @param held whether they have held their stages since
     */
    void begin(boolean held) throws IOException, InterruptedException {
        recovery.begin(held);
        steps.begin();
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

    /** How many replicas of the stages share a batch: a batch to train on has no fewer rows. */
    public int replicas() {
        return options.how().replicas();
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

    /**
     * What the model gives for {@code inputs}, computed now, for a loss of the user's own: {@link
     * Outputs#backward} takes its gradient. A model in evaluation gives it without.
     *
     * @param inputs as in {@link #forward(Rows, Rows)}
     * @return to be closed by the caller
     * @throws IllegalArgumentException for an id outside the vocabulary, or rows of another width
     * @throws JobException when the batch is larger than the job's workload
     */
    public Outputs forward(Rows inputs) throws JobException, InterruptedException {
        model.architecture().requireInputs(inputs);
        var parts = MicroBatch.split(inputs, microBatches(inputs.rows()));
        requireFits(parts);
        requireShared(parts, training);
        return steps.outputs(parts, training);
    }

    /** The loss of a batch without gradients, whatever the model's state. */
    public float evaluate(Rows inputs, Rows labels) throws JobException, InterruptedException {
        return loss(inputs, labels, false).value();
    }

    private Loss loss(Rows inputs, Rows labels, boolean withGradients)
            throws JobException, InterruptedException {
        var architecture = model.architecture();
        architecture.requireInputs(inputs);
        architecture.requireLabels(labels);
        var batch = new Batch(inputs, labels, architecture.task().kind());
        var parts = batch.split(microBatches(inputs.rows()));
        requireFits(parts);
        requireShared(parts, withGradients);
        requireGoingOn();
        return steps.loss(parts, withGradients);
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
        steps.zeroGrad();
    }

    long steps() {
        return steps.count();
    }

    /** Returns the norm of the gradients before it was limited to {@code maxNorm}. */
    double step(Optimizer rule, double maxNorm) throws IOException, InterruptedException {
        requireGoingOn();
        double norm = steps.step(rule, maxNorm);
        pace.beat();
        return norm;
    }

    private void requireGoingOn() throws JobException, InterruptedException {
        recovery.surviving(session -> {
            session.check();
            return session;
        });
    }

    // Inference.

    /**
     * What the model's last stage gives, F32 of shape {@link Architecture#resultShape}: the logits
     * of every position in a language model. The caller owns it.
     *
     * @throws JobException when the rows are more than one micro-batch of the job's workload
     */
    public Tensor logits(Rows inputs) throws JobException, InterruptedException {
        var part = MicroBatch.split(inputs, 1);
        model.architecture().requireInputs(inputs);
        requireFits(part);
        return recovery.surviving(session -> logits(session, part));
    }

    private Tensor logits(Session session, List<MicroBatch> part)
            throws JobException, InterruptedException {
        traffic.abandon(session, null);
        var work = new BatchWork(BatchWork.Mode.INFER, 1, false, 0, steps(), 0, null);
        return traffic.awaitResult(session, traffic.send(session, work, part), part.getFirst());
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
        var wanted =
                new TextGeneration.Wanted(
                        prompt, options, model.config().vocabulary(), steps(), onToken);
        return recovery.surviving(session -> generation.generate(session, wanted));
    }

    // State.

    /** SHA-256 of each parameter's bytes, by its Hugging Face name, in the order of the model. */
    public Map<String, Digest> digests() throws JobException, InterruptedException {
        return recovery.surviving(session -> state.digests(session, traffic.batches()));
    }

    /** One digest that names all weights. */
    public Digest weightsDigest() throws JobException, InterruptedException {
        return Digest.ofAll(digests());
    }

    /** The parameters by their Hugging Face names, in the order of the model. */
    public List<TensorSpec> parameters() {
        return state.parameters();
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
        return recovery.surviving(session -> {
            traffic.settle(session);
            return state.copies(session);
        });
    }

    /** A parameter's value as it is now, which the caller owns. */
    public Tensor parameter(String name) throws IOException, InterruptedException {
        var spec = state.spec(name);
        return recovery.surviving(session -> {
            traffic.settle(session);
            return state.parameter(session, spec);
        });
    }

    /**
     * A parameter's accumulated gradient, which the caller owns. Where two stages share the
     * parameter it is the sum of theirs.
     */
    public Tensor gradient(String name) throws IOException, InterruptedException {
        var spec = state.spec(name);
        return recovery.surviving(session -> {
            traffic.settle(session);
            return state.gradient(session, spec);
        });
    }

    /**
     * Fetches the weights from the workers and writes a Hugging Face folder that loads anywhere:
     * what adapters have learnt is in the weights beside them.
     */
    public void save(Path folder) throws IOException, InterruptedException {
        recovery.surviving(session -> {
            traffic.settle(session);
            var whole = model.withWeights(state.weights(session)).merged();
            try (var weights = whole.weights()) {
                whole.withWeights(weights).save(folder);
            }
            return folder;
        });
    }

    /**
     * Fetches the adapters alone from the workers and writes them as PEFT does.
     *
     * @throws IllegalArgumentException when the model has none
     */
    public void saveAdapters(Path folder) throws IOException, InterruptedException {
        recovery.surviving(session -> {
            traffic.settle(session);
            try (var weights = state.weights(session)) {
                model.withWeights(weights).saveAdapters(folder);
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
        recovery.surviving(session -> {
            traffic.settle(session);
            var held = state.held(session, steps());
            try (var all = new StageState(steps(), held.source())) {
                reader.read(all);
            }
            return reader;
        });
    }

    /** Which stage is where now: what {@link JobOptions#plan} takes. */
    public Plan plan() {
        var links = steps.standing().session().links();
        var parts = new ArrayList<Plan.Part>();
        for (var link : links) {
            boolean here =
                    link.stage() == 0
                            ? options.firstHere() > 0
                            : link.stage() == links.size() - 1 && options.lastHere() > 0;
            parts.add(
                    here
                            ? new Plan.Part(link.plan().layers(), new Plan.Place.Here())
                            : new Plan.Part(link.plan().layers(), link.plan().worker().id()));
        }
        return new Plan(parts);
    }

    /** How the job stands. */
    public JobReport report() {
        var now = steps.standing();
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
        end(
                recovery.interrupted()
                        ? new JobState.Cancelled("interrupted")
                        : new JobState.Completed());
    }

    /**
     * Gives the job up: every worker frees its stage and is paid for what it did. Does nothing when
     * the job is over. Any thread may do so; what another one waits for then fails, with the
     * reason.
     *
     * @param reason what its reports will say
     */
    public void cancel(String reason) {
        end(new JobState.Cancelled(reason));
    }

    /** Whoever comes second waits until the workers are free. */
    private void end(JobState state) {
        ending.lock();
        try {
            if (!closed) {
                closed = true;
                endOnce(state);
            }
        } finally {
            ending.unlock();
        }
    }

    private void endOnce(JobState state) {
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
            record.freed();
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

    private void requireShared(List<MicroBatch> parts, boolean withGradients) throws JobException {
        if (withGradients && parts.size() < replicas()) {
            throw new JobException(
                    ProblemCode.TOO_LARGE,
                    "batch not sent",
                    "rows " + parts.size() + ", at least 1 for each of " + replicas() + " replicas",
                    "send more rows, or ask for a job with fewer replicas");
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
