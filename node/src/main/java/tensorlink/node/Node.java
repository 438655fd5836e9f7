package tensorlink.node;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.compute.Engine;
import tensorlink.dht.BootstrapException;
import tensorlink.dht.BootstrapReport;
import tensorlink.dht.Dht;
import tensorlink.dht.DhtConfig;
import tensorlink.jobs.JobClient;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.exchange.QuestionServer;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.message.Protocols;
import tensorlink.jobs.message.Seals;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.user.Purse;
import tensorlink.jobs.validator.Till;
import tensorlink.jobs.validator.Validator;
import tensorlink.jobs.weights.WeightsServer;
import tensorlink.jobs.worker.Worker;
import tensorlink.jobs.worker.WorkerTerms;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Ledger;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
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

    private final Home home;
    private final Host host;
    private final Dht dht;
    private final Party party;
    private final JobClient jobs;
    private final @Nullable Worker worker;
    private final @Nullable Validator validator;
    private final @Nullable Till till;
    private final @Nullable Engine ownEngine;
    private final HomeLock lock;
    private final BootstrapReport entry;

    private Node(
            Home home,
            HomeLock lock,
            Host host,
            Dht dht,
            Party party,
            JobClient jobs,
            @Nullable Worker worker,
            @Nullable Validator validator,
            @Nullable Till till,
            @Nullable Engine ownEngine,
            BootstrapReport entry) {
        this.home = home;
        this.lock = lock;
        this.host = host;
        this.dht = dht;
        this.party = party;
        this.jobs = jobs;
        this.worker = worker;
        this.validator = validator;
        this.till = till;
        this.ownEngine = ownEngine;
        this.entry = entry;
    }

    /**
     * Starts a node and joins the network. A network whose bootstrap peers do not answer is not an
     * error: the node goes on trying, see {@link #bootstrapProblems}.
     *
     * @throws IOException when the folder, the identity or the addresses cannot be used; a {@link
     *     HomeInUseException} when another node runs from the folder
     */
    static Node start(NodeOptions options) throws IOException, InterruptedException {
        var scheduler = options.scheduler();
        var network = options.network();
        var protocols = new Protocols(network.name());
        var random = new SecureRandom();
        var lock = HomeLock.take(options.home());
        var opened = new ArrayList<AutoCloseable>();
        opened.add(options.home()::release);
        opened.add(lock);
        try {
            var identity = Identity.open(options.home());
            AccountKey.warmUp();
            var host =
                    Libp2p.start(
                            identity.key(),
                            HostConfig.defaults()
                                    .withListen(options.listen().toArray(new Multiaddr[0]))
                                    .withAgentVersion("tensorlink/" + Version.TEXT)
                                    .withScheduler(scheduler));
            opened.add(host);
            var dht =
                    Dht.start(
                            host,
                            DhtConfig.defaults(protocols.kad())
                                    .withMode(
                                            options.hasRole()
                                                    ? DhtConfig.Mode.SERVER
                                                    : DhtConfig.Mode.CLIENT)
                                    .withScheduler(scheduler));
            opened.add(dht);
            var entry = enter(dht, network.bootstrap());
            var domain = Domain.privateNetwork(network.name());
            var seals = new Seals(identity.key(), network.name(), scheduler::now, random);
            var party = new Party(host, identity.account(), domain, protocols, seals, scheduler);
            var directory = new DhtDirectory(dht, network.name());
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
            Worker worker = null;
            if (options.working() != null) {
                var working = options.working();
                var engine = working.engine();
                if (engine == null) {
                    engine = Engines.open();
                    ownEngine = engine;
                    opened.add(engine);
                }
                worker =
                        new Worker(
                                party,
                                engine,
                                new WorkerTerms(
                                        working.memoryBytes(),
                                        working.threads(),
                                        working.unitPrice(),
                                        options.home().work(),
                                        options.limits()),
                                weights,
                                new LedgerCashier(party, directory));
                opened.add(worker);
                worker.start();
                roles.add(worker);
            }
            if (!roles.isEmpty()) {
                host.handle(protocols.job(), new QuestionServer(roles));
            }
            var jobs =
                    new JobClient(
                            party,
                            directory,
                            weights,
                            Purse.open(options.home().folder().resolve("purse")),
                            options.home().jobs(),
                            options.limits());
            if (validator != null) {
                dht.provide(DhtDirectory.key(network.name(), Directory.Role.VALIDATOR));
            }
            if (worker != null) {
                dht.provide(DhtDirectory.key(network.name(), Directory.Role.WORKER));
            }
            return new Node(
                    options.home(),
                    lock,
                    host,
                    dht,
                    party,
                    jobs,
                    worker,
                    validator,
                    till,
                    ownEngine,
                    entry);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            opened.reversed().forEach(Node::closeQuietly);
            throw failed;
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

    private static BootstrapReport enter(Dht dht, List<PeerInfo> peers)
            throws InterruptedException {
        try {
            return dht.bootstrap(peers);
        } catch (BootstrapException nobody) {
            log.info("{}", nobody.getMessage());
            return nobody.report();
        }
    }

    private static @Nullable Till till(
            NodeOptions.Validating validating,
            Home home,
            Network network,
            Identity identity,
            Scheduler scheduler)
            throws IOException {
        if (!validating.keepsLedger()) {
            return null;
        }
        var config = FileLedgerConfig.of(network.name(), identity.account().account());
        var ledger = FileLedger.open(home.ledger(), config, scheduler::now);
        return new Till(ledger, identity.account(), validating.newcomerCredit());
    }

    /** The name of the network this node is part of. */
    public String network() {
        return party.protocols().network();
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
    public Optional<Ledger> ledger() {
        return Optional.ofNullable(till).map(Till::ledger);
    }

    /** What was wrong at the start with each bootstrap peer that did not answer. */
    public List<Problem> bootstrapProblems() {
        return advice().on(entry);
    }

    /** Whether nobody else of the network is known now. */
    public boolean isAlone() {
        return dht.table().peers() == 0;
    }

    /** Why this node is alone; empty when it is not, or nobody knows why. */
    Optional<Problem> isolation() {
        if (!isAlone()) {
            return Optional.empty();
        }
        return entry.answered().isEmpty()
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
        jobs.close();
        if (worker != null) {
            worker.close();
        }
        dht.close();
        host.close();
        if (ownEngine != null) {
            ownEngine.close();
        }
        if (till != null) {
            closeQuietly(till.ledger());
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
