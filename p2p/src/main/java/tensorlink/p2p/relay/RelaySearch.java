package tensorlink.p2p.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.swarm.Swarm;
import tensorlink.p2p.transport.Transport;

/**
 * Has places at relays while others cannot dial this host: at peers that it has dialled and that
 * relay, no two of them at one IP address. A relay that gives no place, or is lost for long, is
 * replaced and left in peace for a while. When others can dial the host the places are given up.
 *
 * <p>One thread decides; what happens on the host wakes it.
 */
public final class RelaySearch implements AutoCloseable {
    static final int PLACES = 2;

    /** Until a relay must have given a place. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Until one that gave none is asked again. */
    static final Duration REST = Duration.ofMinutes(10);

    private static final Logger log = LoggerFactory.getLogger(RelaySearch.class);

    private final Swarm swarm;
    private final Scheduler scheduler;
    private final Semaphore wake = new Semaphore(0);
    private final List<Place> places = new ArrayList<>();
    private final Map<PeerId, Long> resting = new HashMap<>();
    private @Nullable Subscription subscription;
    private @Nullable Thread thread;

    /**
     * A place that is held, or asked for.
     *
     * @param heldNanos when it was last seen to be held; before that, when it was asked for
     */
    private record Place(
            PeerId relay, InetAddress host, Transport.Listener listener, long heldNanos) {}

    /** A relay that may be asked. */
    private record Candidate(PeerId relay, InetAddress host, Multiaddr place) {}

    public RelaySearch(Swarm swarm, Scheduler scheduler) {
        this.swarm = swarm;
        this.scheduler = scheduler;
    }

    /** Searches from now on, whenever it has to. */
    public void start() {
        subscription =
                swarm.subscribe(event -> {
                    switch (event) {
                        case HostEvent.ReachabilityChanged _, HostEvent.Identified _ ->
                                wake.release();
                        case HostEvent.Connected _, HostEvent.Disconnected _ -> {}
                    }
                });
        thread = scheduler.fork("p2p relay search", this::run);
    }

    private void run() {
        try {
            while (true) {
                long now = scheduler.nanoTime();
                switch (swarm.control().reachability()) {
                    case PRIVATE -> search(now);
                    case PUBLIC -> giveUp();
                    case UNKNOWN -> {}
                }
                await(now + PATIENCE.toNanos());
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void await(long end) throws InterruptedException {
        var left = Duration.ofNanos(Math.max(0, end - scheduler.nanoTime()));
        var alarm = scheduler.after(left, wake::release);
        try {
            wake.acquire();
            wake.drainPermits();
        } finally {
            alarm.cancel();
        }
    }

    private void search(long now) throws InterruptedException {
        resting.values().removeIf(since -> now - since >= REST.toNanos());
        places.replaceAll(place ->
                place.listener().addresses().isEmpty()
                        ? place
                        : new Place(place.relay(), place.host(), place.listener(), now));
        for (var place : List.copyOf(places)) {
            if (now - place.heldNanos() >= PATIENCE.toNanos()) {
                log.info("no place at relay {} for long, looking for another", place.relay());
                resting.put(place.relay(), now);
                end(place);
            }
        }
        for (var connection : swarm.connections()) {
            if (places.size() >= PLACES) {
                return;
            }
            var candidate = candidate(connection);
            if (candidate.isPresent()) {
                take(candidate.get(), now);
            }
        }
    }

    private Optional<Candidate> candidate(Connection connection) {
        var address = connection.remoteAddress();
        var relay = connection.remotePeer();
        var host = address.host();
        boolean isUsable =
                connection.direction() == Direction.OUTBOUND
                        && connection.isOpen()
                        && !address.has(AddressProtocol.P2P_CIRCUIT)
                        && relays(relay)
                        && !resting.containsKey(relay)
                        && host.isPresent()
                        && isForOthers(address)
                        && places.stream()
                                .noneMatch(place ->
                                        place.relay().equals(relay)
                                                || place.host().equals(host.get()));
        return isUsable
                ? Optional.of(
                        new Candidate(relay, host.get(), RelayedAddress.through(address, relay)))
                : Optional.empty();
    }

    private boolean relays(PeerId peer) {
        return swarm.peers()
                .identification(peer)
                .filter(it -> it.protocols().contains(RelayServer.HOP.name()))
                .isPresent();
    }

    /** Among strangers a relay is of use only where all can dial it. */
    private boolean isForOthers(Multiaddr address) {
        return !swarm.isAmongStrangers()
                || address.range().filter(AddressRange.PUBLIC::equals).isPresent();
    }

    private void take(Candidate candidate, long now) throws InterruptedException {
        try {
            var listener = swarm.listen(candidate.place());
            places.add(new Place(candidate.relay(), candidate.host(), listener, now));
        } catch (IOException failure) {
            log.debug("no place at {}: {}", candidate.relay(), failure.getMessage());
            resting.put(candidate.relay(), now);
        }
    }

    private void giveUp() {
        for (var place : List.copyOf(places)) {
            end(place);
        }
    }

    private void end(Place place) {
        places.remove(place);
        swarm.stopListening(place.listener());
    }

    /** Ends the search; the places end with the host. */
    @Override
    public void close() {
        var events = subscription;
        if (events != null) {
            events.close();
        }
        var running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}
