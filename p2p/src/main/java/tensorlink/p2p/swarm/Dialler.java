package tensorlink.p2p.swarm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.GateException;
import tensorlink.p2p.core.HostObserver.Refused;
import tensorlink.p2p.core.HostObserver.Why;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.dns.DnsAddr;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.transport.Transport;

/**
 * Finds a connection to a peer: an open one, or a new one. Whoever asks for a peer that is being
 * dialled waits for the outcome of that dial. Names are followed, addresses brought into the best
 * order, and those that failed lately left alone.
 */
final class Dialler {
    private final ConnectionTable table;
    private final PeerStore peers;
    private final List<Transport> transports;
    private final Upgrader upgrader;
    private final DialGate gate;
    private final Predicate<SwarmConnection> keep;
    private final Limits.Dialling limits;
    private final DnsAddr names;
    private final DialBackOff backOff;
    private final Semaphore slots;
    private final Map<PeerId, Run> runs = new ConcurrentHashMap<>();
    private final Set<Run> others = ConcurrentHashMap.newKeySet();
    private volatile boolean isClosed;

    /**
     * @param names finds what is behind a {@code /dnsaddr}
     * @param keep takes a new connection in, or refuses it
     */
    Dialler(
            ConnectionTable table,
            PeerStore peers,
            List<Transport> transports,
            Upgrader upgrader,
            DialGate gate,
            DnsAddr names,
            DialBackOff backOff,
            Predicate<SwarmConnection> keep) {
        this.table = table;
        this.peers = peers;
        this.transports = transports;
        this.upgrader = upgrader;
        this.gate = gate;
        this.names = names;
        this.backOff = backOff;
        this.limits = upgrader.limits().dialling();
        this.keep = keep;
        this.slots = new Semaphore(limits.inFlightMax());
    }

    SwarmConnection connect(PeerInfo peer) throws DialException, InterruptedException {
        if (peer.id().equals(upgrader.self())) {
            throw new IllegalArgumentException("a host cannot connect to itself");
        }
        while (true) {
            var open = table.find(peer.id());
            if (open.isPresent()) {
                return open.get();
            }
            var mine = new Run(peer.id(), addresses(peer));
            var other = runs.putIfAbsent(peer.id(), mine);
            if (other == null) {
                mine.start();
                return mine.await();
            }
            try {
                return other.await();
            } catch (DialException failed) {
                if (other.addresses.containsAll(mine.addresses)) {
                    throw failed;
                }
            }
        }
    }

    /** Makes a connection, even when there is one already. */
    SwarmConnection dial(PeerInfo peer) throws DialException, InterruptedException {
        return run(peer.id(), addresses(peer));
    }

    /**
     * Finds or makes a connection without a relay. Relays are reached in this way: two that are
     * known to be behind each other would wait for each other.
     */
    SwarmConnection connectDirectly(PeerInfo peer) throws DialException, InterruptedException {
        var open = table.findDirect(peer.id());
        if (open.isPresent()) {
            return open.get();
        }
        var direct = new ArrayList<>(addresses(peer));
        direct.removeIf(address -> address.has(AddressProtocol.P2P_CIRCUIT));
        return run(peer.id(), direct);
    }

    /** Makes a connection to {@code peer} at {@code address} and nowhere else. */
    SwarmConnection dialAt(PeerId peer, Multiaddr address)
            throws DialException, InterruptedException {
        return run(peer, List.of(address));
    }

    private SwarmConnection run(PeerId peer, List<Multiaddr> addresses)
            throws DialException, InterruptedException {
        if (peer.equals(upgrader.self())) {
            throw new IllegalArgumentException("a host cannot connect to itself");
        }
        var run = new Run(peer, addresses);
        others.add(run);
        try {
            run.start();
            return run.await();
        } finally {
            others.remove(run);
        }
    }

    /** The caller's addresses, then those we know, without ids and doubles. */
    private List<Multiaddr> addresses(PeerInfo peer) {
        var all = new ArrayList<>(peer.addresses());
        all.addAll(peers.addresses(peer.id()));
        var distinct = new LinkedHashSet<Multiaddr>();
        for (var address : all) {
            var last = address.parts().getLast();
            boolean isForeign =
                    last.protocol() == AddressProtocol.P2P
                            && !last.value().equals(peer.id().multihash());
            if (!isForeign) {
                address.withoutPeer().ifPresent(distinct::add);
            }
        }
        return distinct.stream().limit(limits.addressesMax()).toList();
    }

    /** {@code peer} was reached, or came by itself. */
    void reached(PeerId peer) {
        backOff.reached(peer);
    }

    /** Calls off what is under way. */
    void close() {
        isClosed = true;
        for (var run : runs.values()) {
            run.cancel();
        }
        for (var run : others) {
            run.cancel();
        }
    }

    /** A dial and those who wait for it. */
    private final class Run {
        private final PeerId peer;
        private final List<Multiaddr> addresses;
        private final FutureTask<SwarmConnection> task = new FutureTask<>(this::dial);

        Run(PeerId peer, List<Multiaddr> addresses) {
            this.peer = peer;
            this.addresses = addresses;
        }

        void start() {
            var _ = upgrader.scheduler().fork("p2p dial", task);
        }

        private SwarmConnection dial() throws DialException, InterruptedException {
            try {
                if (isClosed) {
                    throw refused("the host is closing");
                }
                if (runs.size() > limits.waitingMax()) {
                    var reason =
                            limits.waitingMax() + " peers are being dialled, which is the limit";
                    upgrader.owner().observer().refused(Refused.DIAL, Why.LIMIT, reason);
                    throw refused(reason);
                }
                return reach(new ArrayList<>());
            } finally {
                runs.remove(peer, this);
            }
        }

        /**
         * @param failures is filled with what is not even tried
         */
        private SwarmConnection reach(List<DialException.Attempt> failures)
                throws DialException, InterruptedException {
            var worthATry = rested(resolved(failures), failures);
            var dial = new Dial(peer, worthATry, transports, upgrader, gate, slots, keep);
            try {
                var connection = dial.run();
                backOff.reached(peer);
                peers.add(new PeerInfo(peer, List.of(connection.remoteAddress())));
                return connection;
            } catch (DialException failed) {
                for (var attempt : failed.attempts()) {
                    if (isTheirs(attempt.cause())) {
                        backOff.failed(peer, attempt.address(), now());
                    }
                }
                failures.addAll(failed.attempts());
                throw new DialException(peer, failures);
            }
        }

        private List<Multiaddr> resolved(List<DialException.Attempt> failures) {
            var resolved = new LinkedHashSet<Multiaddr>();
            for (var address : addresses) {
                if (!DnsAddr.isOne(address) || address.has(AddressProtocol.P2P_CIRCUIT)) {
                    resolved.add(address);
                    continue;
                }
                try {
                    resolved.addAll(names.resolve(address, peer, limits.addressesMax()));
                } catch (IOException unknown) {
                    failures.add(new DialException.Attempt(address, unknown));
                }
            }
            return AddressRanking.rank(resolved.stream().limit(limits.addressesMax()).toList());
        }

        private List<Multiaddr> rested(
                List<Multiaddr> ranked, List<DialException.Attempt> failures) {
            var rested = new ArrayList<Multiaddr>();
            for (var address : ranked) {
                var pause = backOff.pause(peer, address, now());
                if (pause.isEmpty()) {
                    rested.add(address);
                } else {
                    failures.add(
                            new DialException.Attempt(
                                    address,
                                    new IOException(
                                            "failed lately and is left alone for another "
                                                    + pause.get().toMillis()
                                                    + " ms")));
                }
            }
            return rested;
        }

        /** Whether a failure says something about the address, and not about this host. */
        private static boolean isTheirs(IOException failure) {
            return !(failure instanceof GateException)
                    && !(failure instanceof ResourceLimitException);
        }

        private long now() {
            return upgrader.scheduler().nanoTime();
        }

        SwarmConnection await() throws DialException, InterruptedException {
            try {
                return task.get();
            } catch (ExecutionException failure) {
                throw failure.getCause() instanceof DialException failed
                        ? new DialException(peer, failed.attempts())
                        : refused("the host is closing");
            } catch (CancellationException cancelled) {
                throw refused("the host is closing");
            }
        }

        private DialException refused(String reason) {
            var attempts = new ArrayList<DialException.Attempt>();
            for (var address : addresses) {
                attempts.add(new DialException.Attempt(address, new IOException(reason)));
            }
            return new DialException(peer, attempts);
        }

        void cancel() {
            task.cancel(true);
        }
    }
}
