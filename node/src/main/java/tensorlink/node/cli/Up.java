package tensorlink.node.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.jobs.market.Capability;
import tensorlink.node.DeviceChoice;
import tensorlink.node.Network;
import tensorlink.node.Networks;
import tensorlink.node.Networks.Accounts;
import tensorlink.node.Node;
import tensorlink.node.Reachability;
import tensorlink.node.Rounds;
import tensorlink.node.UserNode;
import tensorlink.node.ValidatorNode;
import tensorlink.node.Version;
import tensorlink.node.WorkerNode;
import tensorlink.node.config.NodeConfig;
import tensorlink.node.config.Setting;
import tensorlink.node.http.ApiServer;
import tensorlink.node.http.Route;
import tensorlink.node.network.Invitation;
import tensorlink.p2p.core.Scheduler;

/** Runs a node until it is stopped. */
@Command(
        name = "up",
        description = "Run a node until it is stopped (Ctrl-C).",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink up --role validator --network lab --listen /ip4/0.0.0.0/tcp/38751",
            "  tensorlink up --role worker --network lab --memory \"4 GiB\" \\",
            "      --bootstrap /ip4/192.0.2.7/tcp/38751/p2p/12D3KooW...",
            "  tensorlink up --private team --role validator",
            "What no flag says is taken from a TENSORLINK_... variable, then from the",
            "configuration file, then from the defaults.",
        })
final class Up implements Callable<Integer> {
    private static final Duration INVITATION_LIFETIME = Duration.ofDays(7);

    @Mixin private NodeFlags flags = new NodeFlags();
    @Mixin private Output output = new Output();
    @Mixin private TraceFlag trace = new TraceFlag();

    @Option(
            names = "--private",
            paramLabel = "NAME",
            description = "found a private network, and print a line that lets others in")
    private @Nullable String founded;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description = "worker (unless said), validator or user")
    private @Nullable String role;

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            description =
                    "address to listen on, as /ip4/0.0.0.0/tcp/38751; repeatable; a free port of"
                            + " loopback unless said",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private List<String> listen = List.of();

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            description =
                    "how much an idle node says on the network: standard (unless said), or lowpower"
                            + " for a metered or radio link")
    private @Nullable String profile;

    @Option(
            names = "--allow",
            paramLabel = "SUBNET",
            description =
                    "speak with nobody outside it, as 10.0.0.0/8; repeatable; everywhere unless"
                            + " said",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private List<String> allow = List.of();

    @Option(
            names = "--dht",
            paramLabel = "MODE",
            description =
                    "whether others may ask this node for the way: auto (unless said), server or"
                            + " client")
    private @Nullable String dht;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "on a worker: memory to lend, as \"4 GiB\" or 50%% (unless said)")
    private @Nullable String memory;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "on a worker: threads that compute; 0 (unless said) for all cores")
    private @Nullable Integer threads;

    @Option(
            names = "--price",
            paramLabel = "CREDITS",
            description = "on a worker: credits asked per token and layer; 0 unless said")
    private @Nullable String price;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description =
                    "on a worker: cpu, cuda, cuda:0,1, or auto (unless said); never anything else"
                            + " than what is said")
    private @Nullable String device;

    @Option(
            names = "--require-gpu",
            description = "on a worker: rather not start than compute on a processor")
    private boolean requireGpu;

    @Option(
            names = "--isolation",
            paramLabel = "KIND",
            description =
                    "on a worker: process to compute each stage in a process of its own, none, or"
                            + " auto (unless said): where strangers may send work")
    private @Nullable String isolation;

    @Option(
            names = "--hub",
            paramLabel = "URL",
            description =
                    "on a worker: the Hugging Face hub to have the bytes of published layers from,"
                            + " as https://huggingface.co; off unless said")
    private @Nullable String hub;

    @Option(
            names = "--ledger",
            paramLabel = "KIND",
            description =
                    "on a validator: none (unless said), or file to keep the network's ledger")
    private @Nullable String ledger;

    @Option(
            names = "--credit",
            paramLabel = "CREDITS",
            description = "on a validator: credits each new account starts with; 0 unless said")
    private @Nullable String credit;

    @Option(
            names = "--api",
            paramLabel = "HOST:PORT",
            description =
                    "where this machine's own commands reach the node; a free port of 127.0.0.1"
                            + " unless said")
    private @Nullable String api;

    @Option(
            names = "--stop-with-input",
            description = "also stop when standard input ends, as it does when a parent dies")
    private boolean stopWithInput;

    private final CountDownLatch stopped = new CountDownLatch(1);

    @Override
    public Integer call() throws IOException, InterruptedException {
        var config = flags.config(settings());
        refuseFlagsOfOtherRoles(config.role());
        settle(config);
        var network = flags.network(config).lookingAround(config.looksAround());
        long begun = Scheduler.system().nanoTime();
        try (var node = start(config, network);
                var server =
                        ApiServer.start(
                                config.apiHost(),
                                config.apiPort(),
                                node.home().apiFile(),
                                routes(config, node));
                var _ = trace.start(node.host())) {
            announce(config, node, server, Scheduler.system().nanoTime() - begun);
            if (config.role() == NodeConfig.Role.VALIDATOR) {
                node.rounds().ifPresent(Rounds::keep);
            }
            if (stopWithInput) {
                Scheduler.system().fork("input", this::awaitEndOfInput);
            }
            awaitStop();
        }
        output.say("Stopped.");
        output.tell(Map.of("event", "stopped"));
        return ExitCode.DONE.status();
    }

    /** Makes the home part of the network that the flags found or are invited to. */
    private void settle(NodeConfig config) throws IOException {
        var invitation = flags.invitation();
        if (founded != null) {
            if (invitation.isPresent()) {
                throw new UsageException("--private founds a network, --join joins one: not both");
            }
            var accounts = config.keepsLedger() ? new Accounts.OwnFile() : new Accounts.None();
            NetworkCommand.create(flags.home(), founded, true, List.of(), accounts);
        }
        if (invitation.isPresent()) {
            Networks.join(flags.home(), invitation.get(), Scheduler.system().now());
        }
    }

    /** Everything that this machine's commands ask a node. */
    static List<Route> routes(NodeConfig config, Node node) {
        var reachability =
                new Reachability(config.bootstrap(), config.listen(), Scheduler.system());
        var routes = new ArrayList<Route>();
        routes.add(Route.get("/api/v1/status", () -> status(config, node)));
        routes.addAll(new PeerRoutes(node, reachability).all());
        routes.addAll(new JobRoutes(node).all());
        routes.addAll(new LedgerRoutes(node).all());
        routes.addAll(new RoundRoutes(node).all());
        return routes;
    }

    /** Returns when somebody wants the node to end, which is how every good run of it ends. */
    private void awaitStop() {
        try {
            stopped.await();
        } catch (InterruptedException asked) {
            // The stop signal.
        }
    }

    /** A flag that would have no effect is a misunderstanding; a file may serve several nodes. */
    private void refuseFlagsOfOtherRoles(NodeConfig.Role actual) {
        var worker = NodeConfig.Role.WORKER;
        var validator = NodeConfig.Role.VALIDATOR;
        refuse(actual, "--memory", memory, List.of(worker));
        refuse(actual, "--threads", threads, List.of(worker));
        refuse(actual, "--price", price, List.of(worker));
        refuse(actual, "--isolation", isolation, List.of(worker));
        refuse(actual, "--hub", hub, List.of(worker));
        refuse(actual, "--device", device, List.of(worker));
        refuse(actual, "--require-gpu", requireGpu ? "on" : null, List.of(worker));
        refuse(actual, "--ledger", ledger, List.of(validator));
        refuse(actual, "--credit", credit, List.of(validator));
        // A user only dials.
        refuse(actual, "--listen", listen.isEmpty() ? null : listen, List.of(worker, validator));
    }

    private static void refuse(
            NodeConfig.Role actual,
            String flag,
            @Nullable Object value,
            List<NodeConfig.Role> meaningful) {
        if (value != null && !meaningful.contains(actual)) {
            var roles = meaningful.stream().map(NodeConfig.Role::label).toList();
            throw new UsageException(
                    flag
                            + " means nothing to a "
                            + actual.label()
                            + ", only to a "
                            + String.join(" or a ", roles));
        }
    }

    private Map<Setting, String> settings() {
        var settings = new EnumMap<Setting, String>(Setting.class);
        NodeFlags.put(settings, Setting.NODE_ROLE, role);
        NodeFlags.put(settings, Setting.NODE_PROFILE, profile);
        NodeFlags.put(settings, Setting.NETWORK_DHT, dht);
        NodeFlags.put(settings, Setting.COMPUTE_MEMORY, memory);
        NodeFlags.put(settings, Setting.COMPUTE_THREADS, threads);
        NodeFlags.put(settings, Setting.WORKER_PRICE, price);
        NodeFlags.put(settings, Setting.WORKER_ISOLATION, isolation);
        NodeFlags.put(settings, Setting.WORKER_HUB, hub);
        NodeFlags.put(settings, Setting.COMPUTE_DEVICE, device);
        NodeFlags.put(settings, Setting.COMPUTE_REQUIRE_GPU, requireGpu ? "on" : null);
        NodeFlags.put(settings, Setting.LEDGER_KIND, ledger);
        NodeFlags.put(settings, Setting.LEDGER_CREDIT, credit);
        NodeFlags.put(settings, Setting.API_LISTEN, api);
        if (!listen.isEmpty()) {
            settings.put(Setting.NETWORK_LISTEN, String.join(",", listen));
        }
        if (!allow.isEmpty()) {
            settings.put(Setting.NETWORK_ALLOW, String.join(",", allow));
        }
        return settings;
    }

    private Node start(NodeConfig config, Network network)
            throws IOException, InterruptedException {
        var home = flags.home();
        return switch (config.role()) {
            case WORKER ->
                    WorkerNode.start(
                                    network,
                                    home,
                                    WorkerNode.Options.lend(config.memoryBytes())
                                            .threads(config.threads())
                                            .price(config.price())
                                            .isolation(config.isolation())
                                            .device(config.device())
                                            .hub(config.hub().orElse(null))
                                            .listen(config.listen()))
                            .node();
            case VALIDATOR -> {
                var options = ValidatorNode.Options.free().listen(config.listen());
                yield ValidatorNode.start(
                                network,
                                home,
                                config.keepsLedger()
                                        ? options.ledger(config.newcomerCredit())
                                        : options)
                        .node();
            }
            case USER -> UserNode.join(network, home).node();
        };
    }

    private void announce(NodeConfig config, Node node, ApiServer server, long nanos)
            throws IOException {
        var role = config.role().label();
        output.say(
                "Tensorlink "
                        + Version.TEXT
                        + "   Java "
                        + Runtime.version().feature()
                        + "   "
                        + System.getProperty("os.name")
                        + " "
                        + System.getProperty("os.arch"));
        output.say(" ok  identity   " + node.info().id() + "   kept in " + node.home().folder());
        output.say(
                (node.bootstrapProblems().isEmpty() ? " ok  network    " : " !!  network    ")
                        + node.network()
                        + (node.isPrivate() ? ", private, " : ", ")
                        + node.host().connections().size()
                        + " connections");
        for (var problem : node.bootstrapProblems()) {
            output.warn(
                    problem.what()
                            + ": "
                            + problem.why()
                            + "\n     try: "
                            + problem.now()
                            + (node.isAlone() ? "\n     going on, and asking again" : ""));
        }
        node.worker()
                .ifPresent(worker ->
                        output.say(
                                " ok  compute    "
                                        + config.threads()
                                        + " threads, lends "
                                        + Sizes.bytes(worker.capability().memoryBytes())
                                        + ", "
                                        + whereStages(node)));
        for (var own : withOthers(node)) {
            own.device()
                    .ifPresent(device ->
                            output.say(
                                    (leavesCardUnused(device)
                                                    ? " !!  device     "
                                                    : " ok  device     ")
                                            + device.name()
                                            + ", lends "
                                            + Sizes.bytes(lent(own))
                                            + "; "
                                            + device.why()));
        }
        node.ledger()
                .ifPresent(kept ->
                        output.say(
                                " ok  ledger     "
                                        + (kept.info().domain().chainId() == 0
                                                ? "in a file"
                                                : "on chain " + kept.info().domain().chainId())
                                        + ", issued by "
                                        + kept.info().issuer()));
        for (var own : withOthers(node)) {
            own.addresses().forEach(address -> output.say(" ok  listening  " + address));
        }
        if (node.addresses().isEmpty()) {
            output.say(" ok  listening  nowhere: a user only dials");
        }
        var invitation = invitation(node);
        invitation.ifPresent(it -> output.say(" ok  join       tensorlink up --join " + it.text()));
        output.say(
                String.format(
                        Locale.ROOT, "Ready in %.1f s as %s.   Ctrl-C stops.", nanos / 1e9, role));
        var ready = new LinkedHashMap<String, Object>();
        ready.put("event", "ready");
        ready.put("role", role);
        ready.put("peer", node.info().id().toString());
        ready.put("account", node.account().toString());
        ready.put("addresses", texts(node.addresses()));
        ready.put("network", node.network());
        invitation.ifPresent(it -> ready.put("invitation", it.text()));
        ready.put("api", server.port());
        ready.put("pid", ProcessHandle.current().pid());
        output.tell(ready);
    }

    /** The node, and those of the other devices. */
    private static List<Node> withOthers(Node node) {
        var all = new ArrayList<Node>(List.of(node));
        all.addAll(node.others());
        return all;
    }

    /** There is a card that could be used if something else were done. */
    private static boolean leavesCardUnused(DeviceChoice device) {
        return device.missed().filter(missed -> missed != DeviceChoice.Missed.DRIVER).isPresent();
    }

    private static long lent(Node node) {
        return node.worker().map(worker -> worker.capability().memoryBytes()).orElse(0L);
    }

    private static String whereStages(Node node) {
        return node.isolatesStages()
                ? "each stage in a process of its own"
                : "stages in this process";
    }

    /** For others to join the network that this command has founded. */
    private Optional<Invitation> invitation(Node node) throws IOException {
        return founded == null
                ? Optional.empty()
                : Optional.of(
                        Networks.invite(
                                node.home(),
                                List.of(node.info()),
                                INVITATION_LIFETIME,
                                Scheduler.system().now()));
    }

    private static Map<String, Object> status(NodeConfig config, Node node) {
        var status = new LinkedHashMap<String, Object>();
        status.put("state", state(node));
        status.put("problems", texts(node.bootstrapProblems()));
        status.put("role", config.role().label());
        status.put("version", Version.TEXT);
        status.put("peer", node.info().id().toString());
        status.put("account", node.account().toString());
        status.put("network", node.network());
        status.put("private", node.isPrivate());
        status.put("addresses", texts(node.addresses()));
        status.put("connections", node.host().connections().size());
        status.put("knownPeers", node.dht().table().peers());
        status.putAll(StandingText.facts(node));
        status.putAll(EntranceText.facts(node.entrances()));
        status.put("offers", node.offers().stream().map(Up::offer).toList());
        node.worker()
                .ifPresent(worker -> {
                    var capability = worker.capability();
                    status.put(
                            "memory",
                            Map.of(
                                    "lent", capability.memoryBytes(),
                                    "free", capability.freeBytes()));
                    status.put("isolation", node.isolatesStages() ? "process" : "none");
                });
        var devices = new ArrayList<Map<String, Object>>();
        for (var own : withOthers(node)) {
            own.device().ifPresent(device -> devices.add(device(own, device)));
        }
        if (!devices.isEmpty()) {
            status.put("devices", devices);
        }
        var jobs = new ArrayList<Map<String, Object>>();
        for (var job : node.jobDesk().current()) {
            jobs.add(job(job.job().toString(), job.state().label(), job.detail()));
        }
        status.put("jobs", jobs);
        return status;
    }

    private static Map<String, Object> device(Node own, DeviceChoice device) {
        var told = new LinkedHashMap<String, Object>();
        told.put("device", device.device().toString());
        told.put("name", device.name());
        told.put("why", device.why());
        device.missed()
                .ifPresent(missed -> told.put("missed", missed.name().toLowerCase(Locale.ROOT)));
        told.put("peer", own.info().id().toString());
        told.put("lent", lent(own));
        return told;
    }

    private static Map<String, Object> offer(Capability capability) {
        var offer = new LinkedHashMap<String, Object>();
        offer.put("worker", capability.worker().toString());
        offer.put("memory", capability.memoryBytes());
        offer.put("free", capability.freeBytes());
        offer.put("threads", capability.threads());
        offer.put("profile", capability.profile());
        offer.put("price", capability.unitPrice().toString());
        return offer;
    }

    /** One word for how it stands in the network. */
    private static String state(Node node) {
        if (node.bootstrapProblems().isEmpty()) {
            return "ready";
        }
        return node.isAlone() ? "offline" : "degraded";
    }

    private static Map<String, Object> job(String id, String state, String detail) {
        var job = new LinkedHashMap<String, Object>();
        job.put("job", id);
        job.put("state", state);
        job.put("detail", detail);
        return job;
    }

    private static List<String> texts(List<?> values) {
        return values.stream().map(Object::toString).toList();
    }

    private void awaitEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // Whatever comes is not for us.
            }
        } catch (IOException closed) {
            // As good as the end.
        }
        stopped.countDown();
    }
}
