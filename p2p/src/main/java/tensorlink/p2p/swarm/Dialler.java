package tensorlink.p2p.swarm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.transport.Transport;

/**
 * Finds a connection to a peer: an open one, or a new one. Whoever asks for a peer that is being
 * dialled waits for the outcome of that dial.
 */
final class Dialler {
    private final ConnectionTable table;
    private final PeerStore peers;
    private final List<Transport> transports;
    private final Upgrader upgrader;
    private final Predicate<SwarmConnection> keep;
    private final Semaphore slots;
    private final Map<PeerId, Run> runs = new ConcurrentHashMap<>();
    private volatile boolean isClosed;

    /**
     * @param keep takes a new connection in, or refuses it
     */
    Dialler(
            ConnectionTable table,
            PeerStore peers,
            List<Transport> transports,
            Upgrader upgrader,
            Predicate<SwarmConnection> keep) {
        this.table = table;
        this.peers = peers;
        this.transports = transports;
        this.upgrader = upgrader;
        this.keep = keep;
        this.slots = new Semaphore(upgrader.limits().dialling().inFlightMax());
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
        int countMax = upgrader.limits().dialling().addressesMax();
        return distinct.stream().limit(countMax).toList();
    }

    /** Calls off what is under way. */
    void close() {
        isClosed = true;
        for (var run : runs.values()) {
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
                    throw closing();
                }
                var dial = new Dial(peer, addresses, transports, upgrader, slots, keep);
                var connection = dial.run();
                peers.add(new PeerInfo(peer, List.of(connection.remoteAddress())));
                return connection;
            } finally {
                runs.remove(peer, this);
            }
        }

        SwarmConnection await() throws DialException, InterruptedException {
            try {
                return task.get();
            } catch (ExecutionException failure) {
                throw failure.getCause() instanceof DialException failed
                        ? new DialException(peer, failed.attempts())
                        : closing();
            } catch (CancellationException cancelled) {
                throw closing();
            }
        }

        private DialException closing() {
            var attempts = new ArrayList<DialException.Attempt>();
            for (var address : addresses) {
                attempts.add(
                        new DialException.Attempt(address, new IOException("the host is closing")));
            }
            return new DialException(peer, attempts);
        }

        void cancel() {
            task.cancel(true);
        }
    }
}
