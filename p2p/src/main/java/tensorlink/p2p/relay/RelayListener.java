package tensorlink.p2p.relay;

import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.swarm.Swarm;
import tensorlink.p2p.transport.Transport;

/**
 * Keeps a place at one relay for as long as it listens: connects, reserves, renews at half of the
 * time, and starts again, with growing pauses, when the relay is lost or says no. What it listens
 * at is empty in between.
 */
final class RelayListener implements Transport.Listener, HostObserver {
    private static final Logger log = LoggerFactory.getLogger(RelayListener.class);
    private static final Duration PAUSE_MIN = Duration.ofSeconds(5);
    private static final Duration PAUSE_MAX = Duration.ofMinutes(5);
    private static final Duration TERM_MIN = Duration.ofSeconds(2);
    private static final Duration TERM_MAX = Duration.ofHours(12);
    private static final String TAG = "relay";

    private final Swarm swarm;
    private final RelayClient client;
    private final PeerInfo relay;
    private final ChannelHandler pipeline;
    private final Scheduler scheduler;
    private final Semaphore wake = new Semaphore(0);
    private volatile List<Multiaddr> addresses = List.of();
    private volatile @Nullable Connection connection;
    private volatile boolean isClosed;
    private @Nullable Subscription observation;
    private @Nullable Thread keeper;

    /**
     * @param pipeline adds the handlers of each circuit that comes in
     */
    RelayListener(
            Swarm swarm,
            RelayClient client,
            PeerInfo relay,
            ChannelHandler pipeline,
            Scheduler scheduler) {
        this.swarm = swarm;
        this.client = client;
        this.relay = relay;
        this.pipeline = pipeline;
        this.scheduler = scheduler;
    }

    void start() {
        observation = swarm.control().observe(this);
        swarm.control().protect(relay.id(), TAG);
        keeper = scheduler.fork("p2p relay place", this::keep);
    }

    PeerInfo relay() {
        return relay;
    }

    ChannelHandler pipeline() {
        return pipeline;
    }

    /** Whether there is a place through which somebody may call. */
    boolean isHeld() {
        return !addresses.isEmpty();
    }

    boolean isClosed() {
        return isClosed;
    }

    @Override
    public List<Multiaddr> addresses() {
        return addresses;
    }

    private void keep() {
        var pause = PAUSE_MIN;
        try {
            while (!isClosed) {
                try {
                    var reached = swarm.connectDirectly(relay);
                    connection = reached;
                    hold(reached);
                    pause = PAUSE_MIN;
                } catch (IOException failure) {
                    log.info("no place at relay {}: {}", relay.id(), failure.getMessage());
                    announce(List.of());
                    await(pause);
                    pause = pause.multipliedBy(2);
                    pause = pause.compareTo(PAUSE_MAX) < 0 ? pause : PAUSE_MAX;
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /** Renews until the connection is lost. */
    private void hold(Connection reached) throws IOException, InterruptedException {
        while (!isClosed && reached.isOpen()) {
            var place = client.reserve(reached);
            announce(place.addresses());
            await(term(place.expiry()));
        }
        announce(List.of());
    }

    private Duration term(Instant expiry) {
        var half = Duration.between(scheduler.now(), expiry).dividedBy(2);
        if (half.compareTo(TERM_MIN) < 0) {
            return TERM_MIN;
        }
        return half.compareTo(TERM_MAX) < 0 ? half : TERM_MAX;
    }

    private void await(Duration time) throws InterruptedException {
        var alarm = scheduler.after(time, wake::release);
        try {
            wake.acquire();
            wake.drainPermits();
        } finally {
            alarm.cancel();
        }
    }

    private void announce(List<Multiaddr> changed) {
        if (!addresses.equals(changed)) {
            addresses = changed;
            log.info("listening at {} places of relay {}", changed.size(), relay.id());
            swarm.addressesChanged();
        }
    }

    @Override
    public void disconnected(Connection lost, IOException reason) {
        if (lost.equals(connection)) {
            wake.release();
        }
    }

    @Override
    public void close() {
        isClosed = true;
        addresses = List.of();
        var observing = observation;
        if (observing != null) {
            observing.close();
        }
        var _ = swarm.control().unprotect(relay.id(), TAG);
        var keeping = keeper;
        if (keeping != null) {
            keeping.interrupt();
        }
    }
}
