package tensorlink.node;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import tensorlink.dht.BootstrapReport;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Finds out whether a node reaches others and others reach it, in sentences.
 *
 * @param bootstrap the peers that the node was told to ask
 * @param listen where it was told to listen
 */
public record Reachability(List<PeerInfo> bootstrap, List<Multiaddr> listen, Scheduler scheduler) {
    private static final Duration ACCEPT_PATIENCE = Duration.ofSeconds(2);

    /** This program is younger, so any clock that shows less is wrong. */
    private static final Instant CLOCK_LEAST = Instant.parse("2026-01-01T00:00:00Z");

    public Reachability {
        bootstrap = List.copyOf(bootstrap);
        listen = List.copyOf(listen);
    }

    /**
     * Something found.
     *
     * @param isGood whether nothing has to be done about it
     * @param advice what to do; empty where there is nothing
     */
    public record Finding(String subject, boolean isGood, String sentence, String advice) {
        static Finding good(String subject, String sentence) {
            return new Finding(subject, true, sentence, "");
        }

        static Finding bad(String subject, String sentence, String advice) {
            return new Finding(subject, false, sentence, advice);
        }
    }

    /** Looks at {@code node}, asks its bootstrap peers, and knocks at its own doors. */
    public List<Finding> check(Node node) throws InterruptedException {
        var findings = new ArrayList<Finding>();
        findings.add(clock(scheduler.now()));
        findings.addAll(listening(node.host().addresses()));
        findings.addAll(observed(node.host()));
        findings.add(inbound(node.host().connections()));
        findings.addAll(bootstrap(node));
        return findings;
    }

    static Finding clock(Instant now) {
        if (now.isBefore(CLOCK_LEAST)) {
            return Finding.bad(
                    "clock",
                    "this machine's clock shows " + now + ", which is long past",
                    "set the clock: signed terms with such a date are refused");
        }
        return Finding.good("clock", "this machine's clock shows " + now);
    }

    private List<Finding> listening(List<Multiaddr> addresses) {
        if (addresses.isEmpty()) {
            return List.of(Finding.good("listening", "nowhere: this node only dials"));
        }
        var findings = new ArrayList<Finding>();
        for (var address : addresses) {
            findings.add(accepting(address));
        }
        if (addresses.stream().allMatch(Multiaddr::isLoopback)) {
            findings.add(scope());
        }
        for (var address : listen) {
            takesAnyPort(address).ifPresent(findings::add);
        }
        return findings;
    }

    /** Loopback will do where the whole network is on this machine. */
    private Finding scope() {
        boolean isLocal =
                bootstrap.stream()
                        .flatMap(peer -> peer.addresses().stream())
                        .allMatch(Multiaddr::isLoopback);
        var sentence = "only this machine can reach this node: it listens on loopback alone";
        return isLocal
                ? Finding.good("listening", sentence)
                : Finding.bad(
                        "listening", sentence, "tensorlink up --listen /ip4/0.0.0.0/tcp/38751");
    }

    private static Optional<Finding> takesAnyPort(Multiaddr address) {
        boolean isAny =
                address.value(AddressProtocol.TCP)
                        .or(() -> address.value(AddressProtocol.UDP))
                        .filter("0"::equals)
                        .isPresent();
        return isAny
                ? Optional.of(
                        Finding.good(
                                "port",
                                "each start takes another port ("
                                        + address
                                        + "): who knows today's address loses this node"))
                : Optional.empty();
    }

    /** Whether a socket of this machine is let in. */
    private static Finding accepting(Multiaddr address) {
        var host = address.value(AddressProtocol.IP4).or(() -> address.value(AddressProtocol.IP6));
        var port = address.value(AddressProtocol.TCP);
        if (host.isEmpty() || port.isEmpty()) {
            return Finding.good("listening", "at " + address);
        }
        try (var socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(host.get(), Integer.parseInt(port.get())),
                    Math.toIntExact(ACCEPT_PATIENCE.toMillis()));
            return Finding.good("listening", "at " + address + ", and lets this machine in");
        } catch (IOException refused) {
            return Finding.bad(
                    "listening",
                    "at " + address + ", but lets nobody in: " + refused.getMessage(),
                    "allow TCP port " + port.get() + " in this machine's firewall");
        }
    }

    /** From where others see this node come, most of them first. */
    private static List<Finding> observed(Host host) {
        var seen = new LinkedHashMap<String, Integer>();
        for (var connection : host.connections()) {
            host.peers()
                    .identification(connection.remotePeer())
                    .flatMap(Identification::observedAddress)
                    .flatMap(address ->
                            address.value(AddressProtocol.IP4)
                                    .or(() -> address.value(AddressProtocol.IP6)))
                    .ifPresent(address -> seen.merge(address, 1, Integer::sum));
        }
        var findings = new ArrayList<Finding>();
        for (var address : host.control().observedAddresses()) {
            findings.add(
                    Finding.good(
                            "seen from outside",
                            "peers in several networks agree that this node is at " + address));
        }
        seen.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .map(entry ->
                        Finding.good(
                                "seen from outside",
                                count(entry.getValue(), "peer")
                                        + " see this node at "
                                        + entry.getKey()))
                .forEach(findings::add);
        return findings;
    }

    private static Finding inbound(List<Connection> connections) {
        long dialled =
                connections.stream()
                        .filter(connection ->
                                connection.direction() == Connection.Direction.INBOUND)
                        .count();
        return Finding.good(
                "inbound",
                dialled == 0
                        ? "nobody who is connected now has dialled this node"
                        : count(dialled, "connection")
                                + " were dialled by others, so they can reach this node");
    }

    private static String count(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    private List<Finding> bootstrap(Node node) throws InterruptedException {
        if (bootstrap.isEmpty()) {
            return List.of(
                    node.isAlone()
                            ? Finding.bad(
                                    "bootstrap",
                                    "no bootstrap peer is configured and nobody is known",
                                    "name a node of the network: tensorlink up --bootstrap"
                                            + " /ip4/ADDRESS/tcp/PORT/p2p/ID")
                            : Finding.good("bootstrap", "no bootstrap peer is configured"));
        }
        return ask(node.host(), node.advice(), bootstrap, scheduler);
    }

    /** Asks all at the same time: one that does not answer costs no more than its own wait. */
    static List<Finding> ask(
            Host host, BootstrapAdvice advice, List<PeerInfo> peers, Scheduler scheduler)
            throws InterruptedException {
        var asking = new ArrayList<FutureTask<Finding>>();
        for (var peer : peers) {
            var task = new FutureTask<>(() -> ask(host, advice, peer));
            asking.add(task);
            var _ = scheduler.fork("check " + peer.id().shortText(), task);
        }
        var findings = new ArrayList<Finding>();
        for (var task : asking) {
            try {
                findings.add(task.get());
            } catch (ExecutionException bug) {
                throw new IllegalStateException("a check failed", bug.getCause());
            }
        }
        return findings;
    }

    private static Finding ask(Host host, BootstrapAdvice advice, PeerInfo peer)
            throws InterruptedException {
        var name = peer.addresses().isEmpty() ? peer.id() : peer.fullAddresses().getFirst();
        try {
            host.connect(peer);
            var roundTrip = Libp2p.ping(host, peer.id());
            return Finding.good(
                    "bootstrap",
                    String.format(
                            Locale.ROOT, "%s answers in %.1f ms", name, roundTrip.toNanos() / 1e6));
        } catch (IOException failure) {
            var report =
                    new BootstrapReport(
                            List.of(), List.of(new BootstrapReport.Failure(peer, failure)));
            var problem = advice.on(report).getFirst();
            return Finding.bad("bootstrap", problem.what() + ": " + problem.why(), problem.now());
        }
    }
}
