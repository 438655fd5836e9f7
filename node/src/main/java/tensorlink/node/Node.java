package tensorlink.node;

import java.io.IOException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Engine;
import tensorlink.compute.child.ChildEngine;
import tensorlink.dht.BootstrapException;
import tensorlink.dht.BootstrapReport;
import tensorlink.dht.Dht;
import tensorlink.dht.DhtConfig;
import tensorlink.dht.DhtStore;
import tensorlink.dht.EntranceReport;
import tensorlink.dht.PeerSource;
import tensorlink.jobs.JobClient;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.exchange.QuestionServer;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Purse;
import tensorlink.jobs.validator.Till;
import tensorlink.jobs.validator.Validator;
import tensorlink.jobs.weights.PublishedWeights;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.jobs.worker.Worker;
import tensorlink.jobs.worker.WorkerTerms;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.LedgerHead;
import tensorlink.ledger.evm.EvmLedger;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;
import tensorlink.ledger.smartnodes.SmartnodesLedger;
import tensorlink.node.hub.HubParts;
import tensorlink.node.network.LedgerTerms;
import tensorlink.node.network.NetworkException;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * One node: a host, a place in the network's DHT, and the roles it was given.
 *
 * <p>Everything a role needs is put together here and nowhere else; starting goes from the top of
 * {@link #start} down, stopping backwards.
 */
public final class Node implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Node.class);

    private static final Duration STATEMENT_PATIENCE = Duration.ofSeconds(10);

    private static final Set<String> UNPROMISED =
            Set.of(LanPeers.NAME, EntranceReport.LAST_GOOD_PEERS);

    private final Home home;
    private final Network network;
    private final Host host;
    private final Dht dht;
    private final DhtMode mode;
    private final Party party;
    private final JobClient jobs;
    private final @Nullable Worker worker;
    private final @Nullable Validator validator;
    private final @Nullable Till till;
    private final @Nullable Engine ownEngine;
    private final @Nullable DeviceChoice device;
    private final List<Node> others;
    private final HomeLock lock;
    private final LanPeers around;
    private final Gossip gossip;
    private final CapabilityBoard board;
    private final @Nullable LedgerHeads heads;
    private final @Nullable Whereabouts whereabouts;
    private final Directory directory;
    private final @Nullable SmartnodesLedger smartnodes;
    private final OwnNodes ownNodes;
    private final @Nullable Rounds rounds;

    private Node(
            Home home,
            Network network,
            HomeLock lock,
            Host host,
            Dht dht,
            DhtMode mode,
            Party party,
            JobClient jobs,
            @Nullable Worker worker,
            @Nullable Validator validator,
            @Nullable Till till,
            @Nullable Engine ownEngine,
            @Nullable DeviceChoice device,
            List<Node> others,
            LanPeers around,
            Gossip gossip,
            CapabilityBoard board,
            @Nullable LedgerHeads heads,
            @Nullable Whereabouts whereabouts,
            Directory directory,
            @Nullable SmartnodesLedger smartnodes,
            OwnNodes ownNodes,
            @Nullable Rounds rounds) {
        this.home = home;
        this.network = network;
        this.lock = lock;
        this.host = host;
        this.dht = dht;
        this.mode = mode;
        this.party = party;
        this.jobs = jobs;
        this.worker = worker;
        this.validator = validator;
        this.till = till;
        this.ownEngine = ownEngine;
        this.device = device;
        this.others = List.copyOf(others);
        this.around = around;
        this.gossip = gossip;
        this.board = board;
        this.heads = heads;
        this.whereabouts = whereabouts;
        this.directory = directory;
        this.smartnodes = smartnodes;
        this.ownNodes = ownNodes;
        this.rounds = rounds;
    }

    /**
     * Starts a node and joins the network. A network whose bootstrap peers do not answer is not an
     * error: the node goes on trying, see {@link #entrances}.
     *
     * @throws IOException when the folder, the identity or the addresses cannot be used; a {@link
     *     HomeInUseException} when another node runs from the folder
     */
    static Node start(NodeOptions options) throws IOException, InterruptedException {
        var presence = options.presence();
        var scheduler = presence.scheduler();
        var network = options.network();
        var protocols = new Protocols(network.name());
        var random = new SecureRandom();
        var lock = HomeLock.take(options.home());
        var opened = new ArrayList<AutoCloseable>();
        opened.add(options.home()::release);
        opened.add(lock);
        try {
            var identity = Identity.open(options.home());
            requireFitting(options, identity.account().account());
            AccountKey.warmUp();
            var host = Libp2p.start(identity.key(), hostConfig(options));
            opened.add(host);
            // Ends with the host.
            var _ = BusyPeers.watch(host, protocols);
            var serving = network.serving(host.id());
            var dht =
                    Dht.start(
                            host,
                            DhtConfig.defaults(protocols.kad())
                                    .withMode(serving.at(DhtMode.before(host)))
                                    .withIntervals(presence.profile().intervals())
                                    .withStore(DhtStore.folder(options.home().dht(network.name())))
                                    .withScheduler(scheduler));
            opened.add(dht);
            var mode = DhtMode.follow(serving, host, dht);
            opened.add(mode);
            var around = new LanPeers();
            opened.add(around);
            if (network.looksAround()) {
                around.start(host, dht, network, scheduler);
            }
            enter(dht, ways(options, around));
            var domain = network.domain();
            var seals = new Seals(identity.key(), network.name(), scheduler::now, random);
            var party = new Party(host, identity.account(), domain, protocols, seals, scheduler);
            Directory directory = new DhtDirectory(dht, network.name());
            SmartnodesLedger smartnodes = null;
            Registry registry = null;
            if (network.smartnodes().isPresent()) {
                var payer = Networks.onChain(options.home(), identity.account());
                smartnodes =
                        SmartnodesLedger.open(network.smartnodes().get(), payer, scheduler::sleep);
                opened.add(smartnodes);
                registry = new Registry(smartnodes::validators, scheduler::now);
                directory = registry.of(directory);
            }
            var weights = new WeightsServer();
            host.handle(protocols.weights(), weights);
            var roles = new ArrayList<Answerer>();
            Till till = null;
            Validator validator = null;
            if (options.validating() != null) {
                till = till(options.validating(), options.home(), network, identity, scheduler);
                if (till != null) {
                    opened.add(till.ledger());
                }
                validator =
                        new Validator(
                                party,
                                directory,
                                till,
                                options.home().jobs().resolve("validator"),
                                options.limits());
                roles.add(validator);
            }
            Engine ownEngine = null;
            DeviceChoice device = null;
            var beside = new ArrayList<NodeOptions>();
            Worker worker = null;
            if (options.working() != null) {
                var working = options.working();
                var devices = devices(working, options);
                var choices = DeviceChoice.of(working.device(), devices);
                device = choices.getFirst();
                for (int i = 1; i < choices.size(); i++) {
                    beside.add(options.beside(choices.get(i).device(), devices, i));
                }
                var engine = devices.open(device.device());
                if (working.engine() == null) {
                    ownEngine = engine;
                    opened.add(engine);
                }
                worker =
                        new Worker(
                                party,
                                engine,
                                new WorkerTerms(
                                                device.lent(working.memoryBytes()),
                                                working.threads(),
                                                Speeds.of(
                                                        engine,
                                                        working.threads(),
                                                        options.home().work().resolve("speed")),
                                                working.unitPrice(),
                                                options.home().work(),
                                                options.limits())
                                        .hub(hub(working.hub(), options, scheduler)),
                                weights,
                                new LedgerCashier(party, directory));
                opened.add(worker);
                worker.start();
                roles.add(registry == null ? worker : registry.of(worker));
            }
            var gossip =
                    Gossip.start(
                            host,
                            identity.key(),
                            GossipConfig.defaults()
                                    .withMesh(presence.profile().mesh())
                                    .withScheduler(scheduler));
            opened.add(gossip);
            var board = new CapabilityBoard(seals, presence.profile(), scheduler);
            opened.add(board);
            board.start(
                    gossip, network.name(), Optional.ofNullable(worker).map(it -> it::capability));
            LedgerHeads heads = null;
            if (validator != null) {
                heads = new LedgerHeads(domain, scheduler);
                opened.add(heads);
                heads.start(gossip, network.name(), ownHeads(till, identity, scheduler));
            }
            Whereabouts whereabouts = null;
            if (till != null && network.onChain().isPresent()) {
                whereabouts = new Whereabouts(till.ledger(), host, identity, scheduler);
                opened.add(whereabouts);
                whereabouts.start();
            }
            Rounds rounds = null;
            if (smartnodes != null && registry != null) {
                rounds =
                        new Rounds(
                                party,
                                smartnodes,
                                registry,
                                new DhtDirectory(dht, network.name()),
                                validator,
                                options.home().ledger().resolve("smartnodes"));
                opened.add(rounds);
            }
            if (!roles.isEmpty()) {
                host.handle(protocols.job(), new QuestionServer(roles));
            }
            var ownNodes = new OwnNodes(options);
            opened.add(ownNodes);
            var jobs =
                    new JobClient(
                            party,
                            directory,
                            weights,
                            Purse.open(options.home().folder().resolve("purse")),
                            options.home().jobs(),
                            options.limits(),
                            ownNodes);
            if (validator != null) {
                dht.provide(DhtDirectory.key(network.name(), Directory.Role.VALIDATOR));
            }
            if (worker != null) {
                dht.provide(DhtDirectory.key(network.name(), Directory.Role.WORKER));
            }
            var others = new ArrayList<Node>();
            for (var theirs : beside) {
                var other = start(theirs);
                opened.add(other);
                others.add(other);
            }
            return new Node(
                    options.home(),
                    network,
                    lock,
                    host,
                    dht,
                    mode,
                    party,
                    jobs,
                    worker,
                    validator,
                    till,
                    ownEngine,
                    device,
                    others,
                    around,
                    gossip,
                    board,
                    heads,
                    whereabouts,
                    directory,
                    smartnodes,
                    ownNodes,
                    rounds);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            opened.reversed().forEach(Node::closeQuietly);
            throw failed;
        }
    }

    /** A loading worker's user must see progress: a hub that is slow to answer is given up. */
    private static @Nullable PublishedWeights hub(
            @Nullable URI endpoint, NodeOptions options, Scheduler scheduler) {
        return endpoint == null
                ? null
                : new HubParts(
                        endpoint,
                        options.home().work().resolve("hub"),
                        options.limits().loadSilence().dividedBy(5),
                        scheduler);
    }

    private static Devices devices(NodeOptions.Working working, NodeOptions options)
            throws IOException {
        var engine = working.engine();
        if (engine != null) {
            return Devices.given(engine);
        }
        var given = working.devices();
        boolean isolated = working.isolation().isolates(options.network(), options.listen());
        return given == null ? OwnDevices.of(options.home(), isolated) : given;
    }

    static HostConfig hostConfig(NodeOptions options) {
        var config =
                HostConfig.defaults()
                        .withListen(options.listen().toArray(new Multiaddr[0]))
                        .withAgentVersion("tensorlink/" + Version.TEXT)
                        .withScheduler(options.presence().scheduler())
                        .withLimits(options.presence().profile().limits())
                        .withAutoNat(options.presence().profile().autoNat())
                        .withGater(options.presence().gater());
        var key = options.network().key();
        if (key.isPresent()) {
            return config.withPrivateNetwork(key.get());
        }
        boolean isLocal = options.listen().stream().allMatch(Multiaddr::isLoopback);
        return options.presence().opensNat() && !isLocal
                ? throughNat(options.presence().profile().relaying(config))
                : config;
    }

    private static HostConfig throughNat(HostConfig config) {
        var called = config.withHolePunching().withRelaySearch();
        return Libp2p.router().map(called::withPortMapping).orElse(called);
    }

    /** What was asked for must be possible in the network before anything is started for it. */
    private static void requireFitting(NodeOptions options, Account account)
            throws NetworkException {
        var network = options.network();
        for (var address : options.listen()) {
            if (network.key().isPresent() && address.has(AddressProtocol.QUIC_V1)) {
                throw new NetworkException(
                        "cannot listen at "
                                + address
                                + ": QUIC has no place in a private network\n"
                                + "  try: the same with /tcp/PORT");
            }
        }
        var terms = network.ledger();
        if (options.validating() != null
                && options.validating().keepsLedger()
                && terms.orElse(null) instanceof LedgerTerms.File(var issuer)
                && !issuer.equals(account)) {
            throw new NetworkException(
                    "the ledger of network "
                            + network.name()
                            + " is kept by another: "
                            + issuer
                            + ", this is "
                            + account);
        }
    }

    /** A node's names on the network and on the ledger. */
    public record Names(PeerId peer, Account account) {}

    /** Who the node of {@code home} is; makes its keys when there are none. */
    public static Names names(Home home) throws IOException {
        if (!Identity.isIn(home)) {
            try (var _ = HomeLock.take(home)) {
                Identity.open(home);
            }
        }
        var identity = Identity.open(home);
        return new Names(identity.key().peerId(), identity.account().account());
    }

    private static List<PeerSource> ways(NodeOptions options, LanPeers around) {
        var network = options.network();
        var ways = new ArrayList<PeerSource>();
        ways.add(PeerSource.of("configuration", network.bootstrap()));
        network.membership()
                .ifPresent(member -> {
                    ways.add(PeerSource.of("invitation", member.invitedTo()));
                    ways.add(PeerSource.of("descriptor", member.seeds()));
                    if (!member.seedNames().isEmpty()) {
                        ways.add(new SeedNames(member.seedNames(), hostConfig(options)));
                    }
                });
        network.onChain().ifPresent(config -> ways.add(new LedgerPeers(config)));
        ways.add(around);
        return ways;
    }

    private static void enter(Dht dht, List<PeerSource> ways) throws InterruptedException {
        try {
            dht.enter(ways);
        } catch (BootstrapException nobody) {
            log.info("{}", nobody.getMessage());
        }
    }

    private static @Nullable Till till(
            NodeOptions.Validating validating,
            Home home,
            Network network,
            Identity identity,
            Scheduler scheduler)
            throws IOException, InterruptedException {
        var onChain = network.onChain();
        if (onChain.isPresent()) {
            // This node's account pays for the gas of what it hands in.
            var payer = Networks.onChain(home, identity.account());
            var ledger = EvmLedger.open(onChain.get(), payer, scheduler::sleep);
            return new Till(
                    ledger, identity.account(), validating.newcomerCredit(), scheduler::now);
        }
        if (!validating.keepsLedger() || network.smartnodes().isPresent()) {
            return null;
        }
        var config = FileLedgerConfig.of(network.name(), identity.account().account());
        var ledger = FileLedger.open(home.ledger(), config, scheduler::now);
        return new Till(ledger, identity.account(), validating.newcomerCredit(), scheduler::now);
    }

    private static Optional<LedgerHeads.Own> ownHeads(
            @Nullable Till till, Identity identity, Scheduler scheduler) {
        return till != null && till.ledger() instanceof FileLedger file
                ? Optional.of(LedgerHeads.of(file, identity.account(), scheduler))
                : Optional.empty();
    }

    /** Whether a key keeps others out of its network. */
    public boolean isPrivate() {
        return network.key().isPresent();
    }

    /** On what its worker computes, if it has one. */
    public Optional<DeviceChoice> device() {
        return Optional.ofNullable(device);
    }

    /**
     * The nodes that work with this machine's other devices, each a worker of its own, so that a
     * plan can put a stage on each. They end with this one.
     */
    public List<Node> others() {
        return others;
    }

    /** Whether its worker, if it has one, computes each stage in a process of its own. */
    public boolean isolatesStages() {
        return ownEngine instanceof ChildEngine;
    }

    /** The name of the network this node is part of. */
    public String network() {
        return party.protocols().network();
    }

    public Presence presence() {
        return network.presence();
    }

    public Host host() {
        return host;
    }

    public Dht dht() {
        return dht;
    }

    /** Asks for jobs on the network. */
    public JobClient jobs() {
        return jobs;
    }

    /** The jobs that this node takes part in. */
    public JobDesk jobDesk() {
        return new JobDesk(this, home);
    }

    /** This node's account, where it is paid and pays from. */
    public Account account() {
        return party.account().account();
    }

    public Home home() {
        return home;
    }

    public Optional<Worker> worker() {
        return Optional.ofNullable(worker);
    }

    public Optional<Validator> validator() {
        return Optional.ofNullable(validator);
    }

    /** The network's ledger, where this node keeps it. */
    public Optional<FullLedger> ledger() {
        return Optional.ofNullable(till).map(Till::ledger);
    }

    /** What this node does on the network's ledger, where it keeps it. */
    public Optional<LedgerDesk> desk() {
        return ledger().map(kept ->
                new LedgerDesk(kept, party.account(), home.ledger().resolve("votes")));
    }

    /** What this node does on the Smartnodes contracts, where its network is on them. */
    public Optional<SmartnodesDesk> smartnodes() {
        return Optional.ofNullable(smartnodes)
                .map(contracts ->
                        new SmartnodesDesk(contracts, Registry.hash(host.id()), network()));
    }

    /** The rounds on the Smartnodes contracts, where this node's network is on them. */
    public Optional<Rounds> rounds() {
        return Optional.ofNullable(rounds);
    }

    /** What the network's ledger says of this node's account; asks a validator if need be. */
    public LedgerAnswer.Statement statement() throws IOException, InterruptedException {
        if (till != null) {
            return till.statement(account());
        }
        return new LedgerCashier(party, directory).statement(account(), STATEMENT_PATIENCE);
    }

    /** The newest word of each validator on its ledger; empty unless this node validates. */
    public Map<Account, LedgerHead> ledgerHeads() {
        return heads == null ? Map.of() : heads.newest();
    }

    /** Whether a validator was proven to show two histories of its ledger. */
    public boolean isProvenLiar(Account validator) {
        return heads != null && heads.proof(validator).isPresent();
    }

    /** What other workers of the network said lately that they offer. */
    public List<Capability> offers() {
        return board.offers();
    }

    /** How the ways into the network stand. */
    public EntranceReport entrances() {
        return dht.entrances();
    }

    /** What is wrong with each bootstrap peer that did not answer when it was last asked. */
    public List<Problem> bootstrapProblems() {
        var entrances = entrances();
        var failures = new ArrayList<BootstrapReport.Failure>();
        for (var entrance : entrances.failed()) {
            // Whoever just turned up somewhere was promised by nobody.
            if (!UNPROMISED.containsAll(entrance.sources())) {
                var cause = entrance.failure().orElseThrow().cause();
                failures.add(new BootstrapReport.Failure(entrance.peer(), cause));
            }
        }
        var problems = new ArrayList<>(advice().on(new BootstrapReport(List.of(), failures)));
        for (var source : entrances.sources()) {
            source.problem()
                    .ifPresent(why -> problems.add(BootstrapAdvice.silent(source.name(), why)));
        }
        return problems;
    }

    /** Whether nobody else of the network is known now. */
    public boolean isAlone() {
        return dht.table().peers() == 0;
    }

    /** Why this node is alone; empty when it is not, or nobody knows why. */
    Optional<Problem> isolation() {
        boolean wasAnswered =
                entrances().entrances().stream()
                        .anyMatch(entrance -> entrance.answered().isPresent());
        return isAlone() && !wasAnswered
                ? Optional.of(advice().alone(bootstrapProblems()))
                : Optional.empty();
    }

    BootstrapAdvice advice() {
        return new BootstrapAdvice(
                network(),
                peer ->
                        host.peers()
                                .identification(peer)
                                .map(Identification::protocols)
                                .orElse(List.of()));
    }

    /** Our id and the addresses others can reach us at. */
    public PeerInfo info() {
        return host.info();
    }

    /** The addresses to give to others, each ending in our peer id. */
    public List<Multiaddr> addresses() {
        return info().fullAddresses();
    }

    /** Ends jobs, leaves the network and frees everything; idempotent. */
    @Override
    public void close() {
        others.forEach(Node::close);
        jobs.close();
        if (rounds != null) {
            rounds.close();
        }
        if (whereabouts != null) {
            whereabouts.close();
        }
        if (worker != null) {
            worker.close();
        }
        if (validator != null) {
            validator.close();
        }
        if (heads != null) {
            heads.close();
        }
        board.close();
        gossip.close();
        around.close();
        mode.close();
        dht.close();
        host.close();
        ownNodes.close();
        if (ownEngine != null) {
            ownEngine.close();
        }
        if (till != null) {
            closeQuietly(till.ledger());
        }
        if (smartnodes != null) {
            closeQuietly(smartnodes);
        }
        closeQuietly(lock);
        closeQuietly(home::release);
    }

    private static void closeQuietly(AutoCloseable open) {
        try {
            open.close();
        } catch (Exception failed) {
            log.warn("not closed in order", failed);
        }
    }
}
