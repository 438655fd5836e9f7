package tensorlink.jobs.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Speed;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobClient;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.exchange.QuestionServer;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.pipeline.Slot;
import tensorlink.jobs.user.Purse;
import tensorlink.jobs.validator.Till;
import tensorlink.jobs.validator.Validator;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.jobs.worker.OwnNode;
import tensorlink.jobs.worker.Worker;
import tensorlink.jobs.worker.WorkerTerms;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Ledger;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.MemoryNetwork;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/** A network in this process, without sockets, to which a test adds whom it needs. */
public final class Lab implements AutoCloseable {
    static final Speed SPEED = new Speed(1e10, 1e10, 1e9, 1e10);

    public static final String NETWORK = "lab";
    public static final long MEMORY_BYTES = 64 << 20;
    public static final Amount CREDIT = Amount.of(1_000_000);
    public static final TorchEngine ENGINE = engine();

    private final MemoryNetwork memory = new MemoryNetwork(1);
    private final Path folder;
    private final JobLimits limits;
    private final WatchedScheduler scheduler = new WatchedScheduler();
    private final Map<Directory.Role, List<Party>> known = new EnumMap<>(Directory.Role.class);
    private final List<Validator> validators = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();
    private final List<Party> ownParties = new CopyOnWriteArrayList<>();
    private final Deque<Closing> opened = new ArrayDeque<>();
    private final long arraysBefore = ENGINE.arrays();
    private int parties;
    private @Nullable Till till;

    private interface Closing {
        void close() throws IOException;
    }

    public Lab(Path folder, Patience patience) {
        this.folder = folder;
        this.limits = patience.limits();
        for (var role : Directory.Role.values()) {
            known.put(role, new CopyOnWriteArrayList<>());
        }
    }

    private static TorchEngine engine() {
        try {
            AccountKey.warmUp();
            return TorchEngine.open();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public JobLimits limits() {
        return limits;
    }

    public WatchedScheduler scheduler() {
        return scheduler;
    }

    /** Somebody without a role. */
    public Party party() throws IOException, InterruptedException {
        return party(new Random(parties));
    }

    /** Somebody without a role, whose salts and nonces come from {@code random}. */
    public Party party(RandomGenerator random) throws IOException, InterruptedException {
        int number = parties++;
        var key = KeyPair.generate();
        var host =
                Libp2p.start(
                        key,
                        HostConfig.defaults()
                                .withMemory(memory)
                                .withListen(Multiaddr.parse("/memory/party" + number))
                                .withEventLoops(1));
        opened.push(host::close);
        return new Party(
                host,
                AccountKey.generate(new Random(number)),
                Domain.privateNetwork(NETWORK),
                new Protocols(NETWORK),
                new Seals(key, NETWORK, scheduler::now, random),
                scheduler);
    }

    /** Makes {@code party} known for a role. */
    public Party register(Directory.Role role, Party party) {
        known(role).add(party);
        return party;
    }

    private List<Party> known(Directory.Role role) {
        return Objects.requireNonNull(known.get(role));
    }

    private Directory directory(Party asking) {
        return (role, count) ->
                known(role).stream()
                        .filter(party -> !party.id().equals(asking.id()))
                        .limit(count)
                        .map(party -> party.host().info())
                        .toList();
    }

    /** A validator, on a network where nothing is paid. */
    public Validator validator() throws IOException, InterruptedException {
        return validator(party(), null);
    }

    /** The party of a new validator, on a network where nothing is paid. */
    public Party validatorParty() throws IOException, InterruptedException {
        var party = party();
        validator(party, null);
        return party;
    }

    /** A validator that keeps a ledger, on which everybody who asks has {@link #CREDIT}. */
    public Ledger ledger() throws IOException, InterruptedException {
        var party = party();
        var issuer = party.account();
        var ledger =
                FileLedger.open(
                        folder.resolve("ledger"),
                        FileLedgerConfig.of(NETWORK, issuer.account()),
                        scheduler::now);
        opened.push(ledger::close);
        till = new Till(ledger, issuer, CREDIT, scheduler::now);
        validator(party, till);
        return ledger;
    }

    /** Another validator, on the same ledger if there is one, as on a chain. */
    public Validator otherValidator() throws IOException, InterruptedException {
        return validator(party(), till);
    }

    /** Ends the process of the validator that came first, so to speak. */
    public void killFirstValidator() {
        kill(known(Directory.Role.VALIDATOR).getFirst());
        validators.getFirst().close();
    }

    private Validator validator(Party party, @Nullable Till till) {
        var validator =
                new Validator(
                        party,
                        directory(party),
                        till,
                        folder.resolve("validator" + party.id()),
                        limits);
        opened.push(validator::close);
        validators.add(validator);
        answering(party, validator);
        register(Directory.Role.VALIDATOR, party);
        return validator;
    }

    /** A validator that does what {@code handler} does with each question's stream. */
    public Party scriptedValidator(StreamHandler handler) throws IOException, InterruptedException {
        var party = register(Directory.Role.VALIDATOR, party());
        party.host().handle(party.protocols().job(), handler);
        return party;
    }

    /** A worker that lends {@link #MEMORY_BYTES} for nothing. */
    public LabWorker worker() throws IOException, InterruptedException {
        return worker(MEMORY_BYTES, Amount.ZERO, (_, _) -> {});
    }

    public LabWorker worker(long memoryBytes, Amount price, Worker.Cashier cashier)
            throws IOException, InterruptedException {
        return worker(party(), ENGINE, new Terms(memoryBytes, price, cashier));
    }

    /** A worker that lends for nothing and computes with {@code engine}. */
    public LabWorker worker(Engine engine) throws IOException, InterruptedException {
        return worker(party(), engine, new Terms(MEMORY_BYTES, Amount.ZERO, (_, _) -> {}));
    }

    /** A worker that lends for nothing, and fails as {@code faults} say. */
    public LabWorker worker(Faults faults) throws IOException, InterruptedException {
        var party = party();
        return worker(
                party,
                faults.engine(ENGINE, () -> kill(party)),
                new Terms(MEMORY_BYTES, Amount.ZERO, (_, _) -> {}));
    }

    /** Closes a host as if its process were gone: nobody is told anything. */
    private void kill(Party party) {
        var killing = scheduler.fork("killing", party.host()::close);
        try {
            killing.join();
        } catch (InterruptedException dead) {
            Thread.currentThread().interrupt();
        }
    }

    /** The two ends of a new stream between two new parties. */
    public record Ends(Stream opened, Stream came, Host receiver) {}

    /** A stream on which whoever waits gives up after 20 seconds; it ends with the lab. */
    public Ends stream() throws IOException, InterruptedException {
        var protocol = ProtocolId.of("/test/frames");
        var here = party();
        var there = party();
        var came = new Slot<Stream>();
        there.host()
                .handle(
                        protocol,
                        stream -> {
                            stream.timeout(Duration.ofSeconds(20));
                            came.fill(stream);
                            new Slot<Stream>().await(); // the host's end interrupts
                        });
        here.host().peers().add(there.host().info());
        var opened = here.host().open(there.id(), protocol);
        opened.timeout(Duration.ofSeconds(20));
        return new Ends(opened, came.await(), there.host());
    }

    private record Terms(long memoryBytes, Amount price, Worker.Cashier cashier) {}

    private LabWorker worker(Party party, Engine engine, Terms terms) throws IOException {
        var weights = new WeightsServer();
        var home = folder.resolve(party.id().toString());
        var worker =
                new Worker(
                        party,
                        engine,
                        new WorkerTerms(terms.memoryBytes(), 1, SPEED, terms.price(), home, limits),
                        weights,
                        terms.cashier());
        worker.start();
        party.host().handle(party.protocols().weights(), weights);
        answering(party, worker);
        opened.push(worker::close);
        workers.add(worker);
        register(Directory.Role.WORKER, party);
        return new LabWorker(party, worker);
    }

    /** A real worker and its party. */
    public record LabWorker(Party party, Worker worker) {}

    /** Serves the job protocol of {@code party} with {@code role}. */
    public static void answering(Party party, Answerer role) {
        party.host().handle(party.protocols().job(), new QuestionServer(List.of(role)));
    }

    public JobClient user() throws IOException, InterruptedException {
        return user(party());
    }

    public JobClient user(Party party) throws IOException, InterruptedException {
        var weights = new WeightsServer();
        party.host().handle(party.protocols().weights(), weights);
        var home = home(party);
        return new JobClient(
                party,
                directory(party),
                weights,
                Purse.open(home.resolve("purse")),
                home.resolve("jobs"),
                limits,
                this::ownNode);
    }

    /** Where the node of {@code party} keeps what it must not lose. */
    public Path home(Party party) {
        return folder.resolve(party.id().toString());
    }

    /** Those of nodes of users' own, in the order of their start. */
    public List<Party> ownParties() {
        return List.copyOf(ownParties);
    }

    private OwnNode ownNode(PeerId user) throws IOException, InterruptedException {
        var party = party();
        ownParties.add(party);
        var home = folder.resolve(party.id().toString());
        return OwnNode.start(
                party,
                ENGINE,
                new WorkerTerms(MEMORY_BYTES, 1, SPEED, Amount.ZERO, home, limits, user));
    }

    /** Asserts that every job has ended everywhere: no thread, no timer, no tensor, no booking. */
    public void assertNothingIsLeft() {
        Eventually.until(
                () -> "the threads end: " + scheduler.alive(), () -> scheduler.alive().isEmpty());
        for (var worker : workers) {
            // A timer that ends a job is cancelled by the end that it brings about.
            Eventually.until(
                    () -> "the jobs end: " + worker.stints(), () -> worker.stints().isEmpty());
            assertThat(worker.capability().freeBytes())
                    .isEqualTo(worker.capability().memoryBytes());
        }
        assertThat(ENGINE.arrays()).as("native arrays").isEqualTo(arraysBefore);
    }

    /** A model of three layers with 256 tokens and 64 positions. */
    public static Model model() {
        return model(5);
    }

    public static Model model(long seed) {
        return Model.initialize(ModelConfig.llama(32, 3, 256, 64), Tokenizer.bytes(), seed);
    }

    /** A classifier of ham and spam, of a family that sees whole texts. */
    public static Model encoder(String family) {
        var sizes =
                family.equals("distilbert")
                        ? """
                        "dim": 32, "n_layers": 4, "n_heads": 4, "hidden_dim": 64,
                        "dropout": 0, "attention_dropout": 0, "seq_classif_dropout": 0\
                        """
                        : """
                        "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4,
                        "intermediate_size": 64, "hidden_dropout_prob": 0,
                        "attention_probs_dropout_prob": 0\
                        """;
        var architecture =
                switch (family) {
                    case "bert" -> "Bert";
                    case "roberta" -> "Roberta";
                    case "distilbert" -> "DistilBert";
                    default -> throw new IllegalArgumentException(family);
                };
        var json =
                """
                {"model_type": "%s", "architectures": ["%sForSequenceClassification"], %s,
                 "vocab_size": 256, "max_position_embeddings": 64, "initializer_range": 0.1,
                 "id2label": {"0": "ham", "1": "spam"}}\
                """
                        .formatted(family, architecture, sizes);
        try {
            var config = ModelConfig.parse("config.json", json.getBytes(UTF_8));
            return Model.initialize(config, Tokenizer.bytes(), 5);
        } catch (ModelFormatException ours) {
            throw new IllegalStateException(ours);
        }
    }

    /** Four rows of 16 tokens. */
    public static Batch batch(long seed) {
        var random = new SplittableRandom(seed);
        var rows = new long[4][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = random.longs(16, 0, 256).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }

    @Override
    public void close() throws IOException {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
        memory.close();
    }
}
