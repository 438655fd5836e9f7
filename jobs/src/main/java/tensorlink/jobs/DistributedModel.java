package tensorlink.jobs;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.Optimizer;
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
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.StageTimes;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.user.CommitLog;
import tensorlink.jobs.user.Pipeline;
import tensorlink.jobs.user.Session;
import tensorlink.jobs.weights.WeightsClient;
import tensorlink.p2p.core.Host;

/**
 * A model whose layers live on workers, used as if it were here.
 *
 * <p>For one thread at a time. When a worker is lost every method says so with a {@link
 * JobException}; closing is always possible and frees every worker's memory.
 */
public final class DistributedModel implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DistributedModel.class);

    private final Host host;
    private final Protocols protocols;
    private final JobLimits limits;
    private final Model model;
    private final Purpose purpose;
    private final Workload workload;
    private final int microBatches;
    private final Session session;
    private final CommitLog commits;
    private final Ending ending;

    private boolean training;
    private boolean fresh = true;
    private boolean accumulated;
    private boolean closed;
    private long batches;
    private long sessions;
    private @Nullable BatchLoss onCall;
    private List<StageTimes> times;

    /** What else is to be done when the job is over. */
    interface Ending {
        void ended(JobState state, @Nullable Digest result) throws InterruptedException;
    }

    DistributedModel(
            Host host,
            Protocols protocols,
            JobLimits limits,
            Model model,
            Purpose purpose,
            Workload workload,
            Session session,
            CommitLog commits,
            Ending ending) {
        this.host = host;
        this.protocols = protocols;
        this.limits = limits;
        this.model = model;
        this.purpose = purpose;
        this.workload = workload;
        this.microBatches = workload.microBatches();
        this.session = session;
        this.commits = commits;
        this.ending = ending;
        this.training = purpose == Purpose.TRAINING;
        this.times = session.links().stream().map(_ -> StageTimes.none()).toList();
    }

    public JobId job() {
        return session.id();
    }

    /** The model as it was when the job began: its configuration and tokenizer. */
    public Model model() {
        return model;
    }

    /** How many parameters it has, over all workers; shared ones count once. */
    public long parameterCount() {
        return model.parameterCount();
    }

    // Training.

    /** Names the rule that moves the parameters. */
    public DistributedOptimizer optimizer(Optimizer rule) {
        requireTraining("an optimizer");
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
     * @param inputs token ids; cut into micro-batches of whole rows
     * @param labels of the same shape: each position is predicted from those before it, and -100
     *     does not count
     * @throws IllegalArgumentException for an id outside the vocabulary
     * @throws JobException when the batch is larger than the job's workload
     */
    public Loss forward(Tokens inputs, Tokens labels) throws JobException, InterruptedException {
        return loss(inputs, labels, training);
    }

    /** The loss of a batch without gradients, whatever the model's state. */
    public float evaluate(Tokens inputs, Tokens labels) throws JobException, InterruptedException {
        return loss(inputs, labels, false).value();
    }

    private BatchLoss loss(Tokens inputs, Tokens labels, boolean withGradients)
            throws JobException {
        var config = model.config();
        var batch = new Batch(inputs, labels, config.task().kind());
        requireInputs(inputs);
        requireKnown("label", labels, config.resultWidth(), Batch.IGNORED);
        var parts = batch.split(Math.min(microBatches, inputs.rows()));
        requireFits(parts);
        session.check();
        return new BatchLoss(parts, batch.labelCount(), withGradients);
    }

    void zeroGrad() {
        fresh = true;
        accumulated = false;
    }

    long steps() {
        return commits.step();
    }

    void step(Optimizer rule) throws IOException, InterruptedException {
        session.check();
        if (!accumulated) {
            throw new IllegalStateException("no gradients: call backward on a loss first");
        }
        abandonOnCall();
        long step = commits.step() + 1;
        session.tellAll(new Command.Prepare(step, batches));
        var prepared =
                session.awaitAll(
                        Report.Prepared.class,
                        limits.batchTimeout(),
                        "step " + step + " to be prepared");
        var digests = new ArrayList<Digest>();
        var told = new ArrayList<StageTimes>();
        for (var report : prepared) {
            if (report.step() != step) {
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "step " + step + " is not prepared",
                        "a stage prepared step " + report.step(),
                        "");
            }
            digests.add(report.prepared().gradients());
            told.add(report.times());
        }
        times = List.copyOf(told);
        commits.append(new CommitLog.Entry(step, digests));
        session.tellAll(new Command.Commit(step, rule));
    }

    /** A loss that has not been asked for, or has. */
    private final class BatchLoss implements Loss {
        private final List<MicroBatch> parts;
        private final long labelCount;
        private final boolean withGradients;
        private Pipeline.@Nullable Pending pending;
        private boolean startedFresh;
        private boolean backwardCalled;
        private @Nullable Float value;

        BatchLoss(List<MicroBatch> parts, long labelCount, boolean withGradients) {
            this.parts = parts;
            this.labelCount = labelCount;
            this.withGradients = withGradients;
        }

        @Override
        public float value() throws JobException, InterruptedException {
            if (value == null) {
                var sent = pending;
                if (sent == null) {
                    sent =
                            submit(
                                    withGradients
                                            ? BatchWork.Mode.TRAIN_ON_CALL
                                            : BatchWork.Mode.EVALUATE);
                    onCall = withGradients ? this : null;
                }
                float sum = 0;
                for (int m = 0; m < parts.size(); m++) {
                    sum += session.pipeline().await(sent, TensorFrame.Loss.class).value();
                }
                value = sum;
            }
            return value;
        }

        @Override
        public void backward() throws JobException, InterruptedException {
            if (!withGradients) {
                throw new IllegalStateException("the model was in evaluation when this loss began");
            }
            if (backwardCalled) {
                throw new IllegalStateException("backward was called before");
            }
            if (pending == null) {
                submit(BatchWork.Mode.TRAIN);
            } else if (onCall == this && fresh && !startedFresh) {
                // zeroGrad came after this batch's forwards, which kept older gradients.
                abandonOnCall();
                submit(BatchWork.Mode.TRAIN);
            } else if (onCall == this) {
                session.pipeline().callBackwards(pending);
                onCall = null;
                fresh = false;
            } else {
                throw new IllegalStateException("another batch has come since; call forward again");
            }
            backwardCalled = true;
            accumulated = true;
        }

        private Pipeline.Pending submit(BatchWork.Mode mode)
                throws JobException, InterruptedException {
            var work =
                    new BatchWork(
                            mode,
                            parts.size(),
                            withGradients && fresh,
                            labelCount,
                            commits.step(),
                            null);
            var sent = send(work, parts, true);
            if (withGradients) {
                startedFresh = fresh;
                fresh = false;
            }
            pending = sent;
            return sent;
        }
    }

    private Pipeline.Pending send(BatchWork work, List<MicroBatch> parts, boolean withLabels)
            throws JobException, InterruptedException {
        abandonOnCall();
        batches++;
        session.count(
                parts,
                work.mode() == BatchWork.Mode.TRAIN || work.mode() == BatchWork.Mode.TRAIN_ON_CALL);
        return session.pipeline().submit(batches, work, parts, withLabels);
    }

    /** Tells the stages not to wait for backwards that nobody will ask for. */
    private void abandonOnCall() throws JobException, InterruptedException {
        var open = onCall;
        if (open != null && open.pending != null) {
            onCall = null;
            session.tellAll(new Command.Abandon(open.pending.batch()));
        }
    }

    // Inference.

    /**
     * What the model's last stage gives, F32 of shape {@link ModelConfig#resultShape}: the logits
     * of every position in a language model. The caller owns it.
     *
     * @throws JobException when the rows are more than one micro-batch of the job's workload
     */
    public Tensor logits(Tokens inputs) throws JobException, InterruptedException {
        var part = List.of(new MicroBatch(0, inputs, inputs, 0));
        requireInputs(inputs);
        requireFits(part);
        session.check();
        var work = new BatchWork(BatchWork.Mode.INFER, 1, false, 0, commits.step(), null);
        var sent = send(work, part, false);
        var logits = session.pipeline().await(sent, TensorFrame.Logits.class).tensor();
        var shape = model.config().resultShape(inputs.rows(), inputs.length());
        if (logits.dtype() != DType.F32 || !logits.shape().equals(shape)) {
            logits.close();
            throw nonsense("it sends logits " + logits + ", expected F32 " + shape);
        }
        return logits;
    }

    /** Fails the job for what its last stage has sent. */
    private JobException nonsense(String why) {
        var problem =
                new Problem(
                        ProblemCode.MALFORMED,
                        "the last stage does not do as told",
                        why,
                        "ask for the job again; another worker may be found");
        session.fail(problem);
        return new JobException(problem);
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
        if (!model.config().causal()) {
            throw new IllegalArgumentException(
                    "a model for " + model.config().task() + " continues no text");
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
        session.check();
        long id = sessions++;
        var generated = new ArrayList<Integer>();
        try {
            var next = new long[prompt.size()];
            for (int i = 0; i < next.length; i++) {
                next[i] = prompt.get(i);
            }
            int position = 0;
            while (generated.size() < options.maxTokens()) {
                var generation =
                        new BatchWork.Generation(id, position, capacity, options.sampling());
                int token = generate(Tokens.of(next), generation);
                if (options.stopTokens().contains(token)) {
                    break;
                }
                generated.add(token);
                onToken.accept(token);
                position += next.length;
                next = new long[] {token};
            }
        } finally {
            if (session.failure().isEmpty()) {
                forget(id);
            }
        }
        return List.copyOf(generated);
    }

    /** Frees a generation's caches; when this returns every stage has room for another's. */
    private void forget(long id) throws JobException, InterruptedException {
        settle();
        session.tellAll(new Command.EndSession(id));
        settle();
    }

    private int generate(Tokens tokens, BatchWork.Generation generation)
            throws JobException, InterruptedException {
        var work = new BatchWork(BatchWork.Mode.GENERATE, 1, false, 0, commits.step(), generation);
        var sent = send(work, List.of(new MicroBatch(0, tokens, tokens, 0)), false);
        int token = session.pipeline().await(sent, TensorFrame.Token.class).token();
        if (token < 0 || token >= model.config().vocabulary()) {
            throw nonsense("it sends token " + token + " of " + model.config().vocabulary());
        }
        return token;
    }

    // State.

    /** SHA-256 of each parameter's bytes, by its Hugging Face name, in the order of the model. */
    public Map<String, Digest> digests() throws JobException, InterruptedException {
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
        return model.config().tensors(model.config().allLayers());
    }

    /** A parameter's value as it is now, which the caller owns. */
    public Tensor parameter(String name) throws IOException, InterruptedException {
        settle();
        return fetch(WeightsQuestion.What.PARAMETER, name, holders(name).getFirst());
    }

    /**
     * A parameter's accumulated gradient, which the caller owns. Where two stages share the
     * parameter it is the sum of theirs.
     */
    public Tensor gradient(String name) throws IOException, InterruptedException {
        var holders = holders(name);
        settle();
        var sum = fetch(WeightsQuestion.What.GRADIENT, name, holders.getFirst());
        if (holders.size() > 1) {
            try (var other = fetch(WeightsQuestion.What.GRADIENT, name, holders.getLast())) {
                for (long i = 0; i < sum.elements(); i++) {
                    sum.setFloat(i, sum.floatAt(i) + other.floatAt(i));
                }
            }
        }
        return sum;
    }

    /** Waits until every stage has done what it was told: tensors travel beside the commands. */
    private void settle() throws JobException, InterruptedException {
        abandonOnCall();
        session.tellAll(new Command.Settle(batches));
        session.awaitAll(
                Report.Settled.class, limits.batchTimeout(), "the stages to finish their work");
    }

    private Tensor fetch(WeightsQuestion.What what, String name, int stage)
            throws IOException, InterruptedException {
        var spec = spec(name);
        var tensor = Tensor.allocate(spec.dtype(), spec.shape());
        try (var client = client(stage)) {
            client.read(what, name, 0, tensor.data());
            return tensor;
        } catch (IOException | InterruptedException | RuntimeException failed) {
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
    private List<Integer> holders(String name) {
        var holders = new ArrayList<Integer>();
        for (int stage = 0; stage < session.route().size(); stage++) {
            var layers = session.route().stage(stage).layers();
            if (model.config().tensors(layers).stream().anyMatch(it -> it.name().equals(name))) {
                holders.add(stage);
            }
        }
        if (holders.isEmpty()) {
            throw new IllegalArgumentException("no parameter " + name);
        }
        return holders;
    }

    private WeightsClient client(int stage) throws IOException, InterruptedException {
        session.check();
        var worker = session.route().stage(stage).worker().id();
        return WeightsClient.open(host, protocols, worker, job(), limits.loadSilence());
    }

    /**
     * Fetches the weights from the workers and writes a Hugging Face folder that loads anywhere.
     */
    public void save(Path folder) throws IOException, InterruptedException {
        settle();
        try (var weights = new StageWeights()) {
            model.withWeights(weights).save(folder);
        }
    }

    /** The weights as they are on the stages now, read from whichever stage holds them. */
    private final class StageWeights implements Weights {
        private final Map<Integer, WeightsClient> clients = new LinkedHashMap<>();

        @Override
        public List<TensorSpec> tensors() {
            return parameters();
        }

        @Override
        public void read(String name, long offset, MemorySegment target)
                throws IOException, InterruptedException {
            int stage = holders(name).getFirst();
            var client = clients.get(stage);
            if (client == null) {
                client = client(stage);
                clients.put(stage, client);
            }
            client.read(WeightsQuestion.What.PARAMETER, name, offset, target);
        }

        @Override
        public void close() {
            clients.values().forEach(WeightsClient::close);
        }
    }

    /** How the job stands. */
    public JobReport report() {
        var stages = new ArrayList<JobReport.StageReport>();
        for (var link : session.links()) {
            stages.add(
                    new JobReport.StageReport(
                            link.plan().worker().id(),
                            link.plan().layers(),
                            times.get(link.stage()),
                            link.plan().account(),
                            link.account().receipted(),
                            link.account().paid()));
        }
        var state = session.job().state();
        return new JobReport(job(), state, state.reason(), steps(), stages);
    }

    /**
     * Bytes of tensors that this user has sent and received; those between workers are not here.
     */
    public long bytesOnTheWire() throws JobException {
        return session.pipeline().bytesSent() + session.pipeline().bytesReceived();
    }

    /** Ends the job as completed: every worker frees its stage and is paid. Idempotent. */
    @Override
    public void close() {
        end(new JobState.Completed());
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
        try (commits) {
            var result = result(state);
            session.close(state, state.reason());
            ending.ended(session.job().state(), result);
        } catch (IOException unwritten) {
            log.error("job {}: its commit log cannot be closed", job(), unwritten);
        } catch (InterruptedException interrupted) {
            session.fail(
                    new Problem(ProblemCode.ENDED, "job " + job() + " is over", "interrupted", ""));
            Thread.currentThread().interrupt();
        }
    }

    /** The digest of what was trained; null when there is none to vouch for. */
    private @Nullable Digest result(JobState state) throws InterruptedException {
        if (!(state instanceof JobState.Completed)
                || session.failure().isPresent()
                || steps() == 0) {
            return null;
        }
        try {
            return weightsDigest();
        } catch (JobException failed) {
            session.fail(failed.problem());
            return null;
        }
    }

    private void requireTraining(String what) {
        if (purpose != Purpose.TRAINING) {
            throw new IllegalStateException(what + " needs a job for training");
        }
    }

    private void requireInputs(Tokens inputs) {
        var config = model.config();
        requireKnown("token", inputs, config.idLimit(), config.causal() ? 0 : Tokens.PADDING);
    }

    /**
     * @param other an id that is allowed besides those from 0 to {@code limit}
     */
    private static void requireKnown(String what, Tokens tokens, int limit, long other) {
        for (int row = 0; row < tokens.rows(); row++) {
            for (int t = 0; t < tokens.length(); t++) {
                long id = tokens.at(row, t);
                if (id != other) {
                    requireKnown(what, id, limit);
                }
            }
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
