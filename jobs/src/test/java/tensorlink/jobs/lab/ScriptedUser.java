package tensorlink.jobs.lab;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Model;
import tensorlink.compute.TrainingOptions;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.JobRequest;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.job.Sealed;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Admission;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.Hello;
import tensorlink.jobs.message.Manifest;
import tensorlink.jobs.message.Neighbour;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.message.Report;
import tensorlink.jobs.message.Route;
import tensorlink.jobs.message.WeightsQuestion;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.PeerId;

/**
 * A user who is its own validator and engages one real worker for one stage, step by step, so that
 * a test can leave any step out or do it wrong. Stages beside the worker's are its own.
 */
public final class ScriptedUser {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final BigInteger UNITS_MAX = BigInteger.valueOf(1_000_000);

    private final Party party;
    private final Party worker;
    private final Model model;
    private final Manifest manifest;
    private final List<LayerRange> split;
    private final int stage;
    private final Amount unitPrice;
    private final Sealed<JobRequest> request;
    private final WeightsServer weights = new WeightsServer();
    private @Nullable Stream control;

    /**
     * Knows nobody yet.
     *
     * @param split the layers of each stage
     * @param stage the worker's
     */
    public ScriptedUser(
            Party party,
            Lab.LabWorker worker,
            Model model,
            Purpose purpose,
            List<LayerRange> split,
            int stage)
            throws IOException, InterruptedException {
        this(party, worker, model, purpose, split, stage, Amount.ZERO);
    }

    private ScriptedUser(
            Party party,
            Lab.LabWorker worker,
            Model model,
            Purpose purpose,
            List<LayerRange> split,
            int stage,
            Amount unitPrice)
            throws IOException, InterruptedException {
        this.unitPrice = unitPrice;
        this.party = party;
        this.worker = worker.party();
        this.model = model;
        this.split = split;
        this.stage = stage;
        this.manifest = manifest(model);
        var spec =
                new JobSpec(
                        purpose,
                        ByteString.copyFrom(model.config().json()),
                        manifest.digest(),
                        0,
                        new Workload(2, 16, 2),
                        TrainingOptions.defaults(),
                        List.of(),
                        Duration.ofDays(1));
        var most = new Amount(unitPrice.value().multiply(UNITS_MAX));
        this.request = party.seals().sealJobRequest(spec, party.account().account(), most);
        party.host().handle(party.protocols().weights(), weights);
    }

    /** One who gives the worker the whole of {@link Lab#model}, for training. */
    public static ScriptedUser alone(Lab lab, Lab.LabWorker worker)
            throws IOException, InterruptedException {
        var model = Lab.model();
        return new ScriptedUser(
                lab.party(),
                worker,
                model,
                Purpose.TRAINING,
                List.of(model.config().allLayers()),
                0);
    }

    /** The same, at a price, by somebody who may have been here before. */
    public static ScriptedUser paying(Party party, Lab.LabWorker worker, Amount unitPrice)
            throws IOException, InterruptedException {
        var model = Lab.model();
        return new ScriptedUser(
                party,
                worker,
                model,
                Purpose.TRAINING,
                List.of(model.config().allLayers()),
                0,
                unitPrice);
    }

    /** One who keeps the other of two stages. */
    public static ScriptedUser beside(Lab lab, Lab.LabWorker worker, int stage)
            throws IOException, InterruptedException {
        return new ScriptedUser(
                lab.party(),
                worker,
                Lab.model(),
                Purpose.TRAINING,
                List.of(new LayerRange(0, 1), new LayerRange(1, 3)),
                stage);
    }

    public Party party() {
        return party;
    }

    public JobId job() {
        return request.content().id();
    }

    public Sealed<JobRequest> request() {
        return request;
    }

    /** Makes the worker an offer. */
    public Admission offer() throws IOException, InterruptedException {
        party.host().peers().add(worker.host().info());
        var offer = new Offer(request, stage, split.size(), split.get(stage), 0);
        return new Asker(party)
                .ask(
                        worker.id(),
                        new Question.MakeOffer(party.seals().sealOffer(offer)),
                        PATIENCE,
                        Answer.Admitted.class)
                .admission();
    }

    /** The terms that the worker expects. */
    public Agreement agreement() {
        var now = party.scheduler().now().truncatedTo(ChronoUnit.SECONDS);
        var content = request.content();
        return new Agreement(
                content.id().word(),
                content.payer(),
                worker.account().account(),
                content.maxPrice(),
                unitPrice,
                Bytes32.keccak(Usage.UNIT),
                now,
                now.plus(content.spec().lifetime()),
                content.specHash(),
                Account.ZERO,
                content.salt());
    }

    /** Opens the control stream with these terms. */
    public Report open(Agreement agreement) throws IOException, InterruptedException {
        var signature = party.account().sign(agreement.digest(party.domain()));
        var stream = party.host().open(worker.id(), party.protocols().control());
        stream.timeout(PATIENCE);
        control = stream;
        say(new Command.Open(job(), agreement, signature));
        return hear();
    }

    /** Offers and opens as one should. */
    public ScriptedUser engage() throws IOException, InterruptedException {
        expect(Admission.Accepted.class, offer());
        expect(Report.Opened.class, open(agreement()));
        return this;
    }

    /** Engages and has the worker load its stage. */
    public ScriptedUser loaded() throws IOException, InterruptedException {
        engage();
        serveWeights();
        say(load());
        expect(Report.Ready.class, hear());
        return this;
    }

    /**
     * Has the worker load and link; then streams to and from it can be opened.
     *
     * @return the input stream, and the output stream where there is one
     */
    public List<FrameStream> linked() throws IOException, InterruptedException {
        loaded();
        say(new Command.Link());
        var streams = new ArrayList<FrameStream>();
        streams.add(stage(stage, Hello.Role.INPUT));
        if (stage == split.size() - 1) {
            streams.add(stage(stage, Hello.Role.OUTPUT));
        }
        expect(Report.Linked.class, hear());
        return streams;
    }

    public void serveWeights() {
        weights.offer(job(), new Source(model));
    }

    public void serveWeights(WeightsServer.Source source) {
        weights.offer(job(), source);
    }

    public Command.Load load() {
        return new Command.Load(
                request.content().spec().config(), manifest, stage, route(), 0, Optional.empty());
    }

    public Route route() {
        var hops = new ArrayList<Neighbour>();
        for (int i = 0; i < split.size(); i++) {
            hops.add(new Neighbour((i == stage ? worker : party).host().info(), split.get(i)));
        }
        return new Route(hops);
    }

    /** Opens a stage stream that the worker must welcome. */
    public FrameStream stage(int of, Hello.Role role) throws IOException, InterruptedException {
        return new FrameStream(rawStage(party, new Hello(job(), of, role)), 1 << 20);
    }

    /** Opens a stage stream as {@code from}; a refusal is thrown. */
    public Stream rawStage(Party from, Hello hello) throws IOException, InterruptedException {
        from.host().peers().add(worker.host().info());
        var stream = from.host().open(worker.id(), from.protocols().stage());
        stream.timeout(PATIENCE);
        stream.writeMessage(hello.encode());
        var refused = Hello.decodeAnswer(stream.readMessage(Hello.BYTES_MAX));
        if (refused != null) {
            throw new tensorlink.jobs.job.JobException(refused);
        }
        return stream;
    }

    public void say(Command command) throws IOException, InterruptedException {
        control().writeMessage(command.encode());
    }

    /** The next report that is no beat. */
    public Report hear() throws IOException, InterruptedException {
        while (true) {
            var report = Report.decode(control().readMessage(Report.BYTES_MAX));
            if (!(report instanceof Report.Beat) && !(report instanceof Report.Loading)) {
                return report;
            }
        }
    }

    public Stream control() {
        return java.util.Objects.requireNonNull(control, "not opened");
    }

    private static void expect(Class<?> kind, Object actual) {
        if (!kind.isInstance(actual)) {
            throw new AssertionError("expected " + kind.getSimpleName() + ", got " + actual);
        }
    }

    private static Manifest manifest(Model model) throws IOException, InterruptedException {
        var entries = new ArrayList<Manifest.Entry>();
        for (var tensor : model.weights().tensors()) {
            try (var arena = Arena.ofConfined()) {
                var bytes = arena.allocate(tensor.byteSize());
                model.weights().read(tensor.name(), 0, bytes);
                entries.add(
                        new Manifest.Entry(
                                tensor,
                                Digest.of(bytes.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))));
            }
        }
        return new Manifest(entries);
    }

    /** A model's weights, for anybody. */
    public record Source(Model model) implements WeightsServer.Source {
        @Override
        public boolean admits(PeerId peer, String tensor) {
            return true;
        }

        @Override
        public Optional<WeightsServer.Content> open(WeightsQuestion.What what, String tensor) {
            for (var spec : model.weights().tensors()) {
                if (spec.name().equals(tensor)) {
                    return Optional.of(new Bytes(model, tensor, spec.byteSize()));
                }
            }
            return Optional.empty();
        }
    }

    private record Bytes(Model model, String tensor, long byteSize)
            implements WeightsServer.Content {
        @Override
        public void read(long offset, MemorySegment target)
                throws IOException, InterruptedException {
            model.weights().read(tensor, offset, target);
        }
    }
}
