package tensorlink.p2p.swarm;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.resource.ConnectionClaim;
import tensorlink.p2p.transport.Transport;

/**
 * One try to reach one peer. Its addresses are dialled in the order given, each next one as soon as
 * one fails or has had its head start; the first that proves to be the peer wins and the others are
 * called off. One thread runs it; attempts report to it through a queue.
 */
final class Dial {
    private final PeerId peer;
    private final List<Multiaddr> addresses;
    private final DialWay way;
    private final List<Transport> transports;
    private final Upgrader upgrader;
    private final DialGate gate;
    private final Semaphore slots;
    private final Predicate<SwarmConnection> keep;
    private final Limits.Dialling limits;
    private final Scheduler scheduler;
    private final BlockingQueue<News> news = new LinkedBlockingQueue<>();
    private final List<Attempt> attempts = new ArrayList<>();
    private int running;

    /**
     * @param slots attempts that the host may still make at the same time
     * @param keep takes a new connection in, or refuses it
     */
    Dial(
            PeerId peer,
            List<Multiaddr> addresses,
            DialWay way,
            List<Transport> transports,
            Upgrader upgrader,
            DialGate gate,
            Semaphore slots,
            Predicate<SwarmConnection> keep) {
        this.peer = peer;
        this.addresses = addresses;
        this.way = way;
        this.transports = transports;
        this.upgrader = upgrader;
        this.gate = gate;
        this.slots = slots;
        this.keep = keep;
        this.limits = upgrader.limits().dialling();
        this.scheduler = upgrader.scheduler();
    }

    /** Blocks until the peer is reached or every address has failed. */
    SwarmConnection run() throws DialException, InterruptedException {
        var failures = new ArrayList<DialException.Attempt>();
        var waiting = candidates().iterator();
        try {
            startNext(waiting);
            while (way.isPunch() && waiting.hasNext() && running < limits.perPeerMax()) {
                startNext(waiting);
            }
            while (running > 0) {
                switch (news.take()) {
                    case News.Up(var connection) -> {
                        return connection;
                    }
                    case News.Down(var address, var cause) -> {
                        running--;
                        if (failures.stream().noneMatch(it -> it.address().equals(address))) {
                            failures.add(new DialException.Attempt(address, cause));
                        }
                        startNext(waiting);
                    }
                    case News.HeadStartOver() -> startNext(waiting);
                }
            }
            throw new DialException(peer, failures);
        } finally {
            for (var attempt : attempts) {
                attempt.cancel();
            }
        }
    }

    /**
     * Two that dial each other at once, each from where it listens, do not get through: over TCP
     * their two dials become one connection that both have begun, over QUIC each takes the other's
     * packets for answers. From another port they do.
     */
    private List<Candidate> candidates() {
        var candidates = new ArrayList<Candidate>();
        for (var address : addresses) {
            candidates.add(new Candidate(address, way));
        }
        for (var address : addresses) {
            if (way == DialWay.FROM_LISTENING && !address.has(AddressProtocol.P2P_CIRCUIT)) {
                candidates.add(new Candidate(address, DialWay.PLAIN));
            }
        }
        return candidates;
    }

    private void startNext(Iterator<Candidate> waiting) {
        if (!waiting.hasNext() || running == limits.perPeerMax()) {
            return;
        }
        var attempt = new Attempt(waiting.next());
        attempts.add(attempt);
        running++;
        attempt.start();
        if (waiting.hasNext()) {
            var _ = scheduler.after(limits.stagger(), () -> news.add(new News.HeadStartOver()));
        }
    }

    private record Candidate(Multiaddr address, DialWay way) {}

    /** What the running thread hears. */
    private sealed interface News {
        record Up(SwarmConnection connection) implements News {}

        record Down(Multiaddr address, IOException cause) implements News {}

        record HeadStartOver() implements News {}
    }

    /** One address; reports exactly once. */
    private final class Attempt implements Upgrade.Done {
        private final Multiaddr address;
        private final DialWay from;

        /** Needs no slot: the dial to its relay takes one, and must not wait for this. */
        private final boolean isRelayed;

        private final AtomicBoolean hasReported = new AtomicBoolean();
        private volatile @Nullable Thread thread;
        private volatile @Nullable Upgrade upgrade;
        private volatile boolean isCancelled;
        private volatile long startedAt;
        private volatile @Nullable ConnectionClaim claim;

        Attempt(Candidate candidate) {
            this.address = candidate.address();
            this.from = candidate.way();
            this.isRelayed = address.has(AddressProtocol.P2P_CIRCUIT);
        }

        void start() {
            thread = scheduler.fork("p2p dial", this::run);
        }

        /** Waits for its turn, resolves the name and starts to connect. */
        private void run() {
            try {
                if (!isRelayed) {
                    slots.acquire();
                }
            } catch (InterruptedException cancelled) {
                report(new News.Down(address, new IOException("called off")));
                return;
            }
            startedAt = scheduler.nanoTime();
            try {
                var transport = transport();
                gate.check(peer, address);
                var claimed = upgrader.resources().connection(Direction.OUTBOUND);
                claim = claimed;
                var _ =
                        dial(transport, pipeline(transport, claimed))
                                .addListener(connect -> {
                                    if (!connect.isSuccess()) {
                                        abandon(unconnected(connect.cause()));
                                    }
                                });
            } catch (IOException unreachable) {
                failed(unreachable);
            }
        }

        private Future<?> dial(Transport transport, ChannelInitializer<Channel> pipeline)
                throws IOException {
            return from == DialWay.PLAIN
                    ? transport.dial(full(), pipeline)
                    : transport.dialFromListening(full(), pipeline);
        }

        /** A relay must be told to whom. */
        private Multiaddr full() {
            return isRelayed ? address.with(AddressProtocol.P2P, peer.toString()) : address;
        }

        private Transport transport() throws IOException {
            for (var transport : transports) {
                if (transport.handles(full())) {
                    return transport;
                }
            }
            throw new IOException("no transport for such an address");
        }

        private ChannelInitializer<Channel> pipeline(Transport transport, ConnectionClaim claimed) {
            return new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    var _ = channel.closeFuture().addListener(_ -> claimed.close());
                    var started =
                            Upgrade.outbound(
                                    upgrader,
                                    transport,
                                    channel,
                                    claimed,
                                    from.role(),
                                    address,
                                    peer,
                                    Attempt.this);
                    upgrade = started;
                    if (isCancelled) {
                        started.fail(new IOException("called off"));
                    }
                }
            };
        }

        private static IOException unconnected(Throwable cause) {
            return cause instanceof IOException failure ? failure : new IOException(cause);
        }

        @Override
        public void up(SwarmConnection connection) {
            if (isCancelled) {
                connection.close();
                failed(new IOException("called off"));
            } else if (keep.test(connection)) {
                finish(new News.Up(connection));
            } else {
                connection.close();
                failed(new IOException("the host is closing"));
            }
        }

        @Override
        public void failed(IOException reason) {
            finish(new News.Down(address, reason));
        }

        private void finish(News outcome) {
            if (hasReported.compareAndSet(false, true)) {
                if (!isRelayed) {
                    slots.release();
                }
                giveUp(outcome);
                tell(outcome);
                news.add(outcome);
            }
        }

        /** A channel that came into being does so by itself. */
        private void giveUp(News outcome) {
            var claimed = claim;
            if (claimed != null && outcome instanceof News.Down) {
                claimed.close();
            }
        }

        private void tell(News outcome) {
            if (!isCancelled) {
                var took = Duration.ofNanos(scheduler.nanoTime() - startedAt);
                var failure =
                        outcome instanceof News.Down(_, var cause)
                                ? Optional.of(cause)
                                : Optional.<IOException>empty();
                upgrader.owner().observer().dialled(peer, address, took, failure);
            }
        }

        private void report(News outcome) {
            if (hasReported.compareAndSet(false, true)) {
                news.add(outcome);
            }
        }

        void cancel() {
            isCancelled = true;
            var dialling = thread;
            if (dialling != null) {
                dialling.interrupt();
            }
            var current = upgrade;
            if (current != null) {
                current.fail(new IOException("called off"));
            }
        }

        private void abandon(IOException reason) {
            var current = upgrade;
            if (current != null) {
                current.fail(reason);
            } else {
                failed(reason);
            }
        }
    }
}
