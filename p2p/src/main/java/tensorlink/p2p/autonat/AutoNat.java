package tensorlink.p2p.autonat;

import java.io.IOException;
import java.net.Inet4Address;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.multiaddr.Subnet;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.swarm.Swarm;

/**
 * Finds out whether this host can be dialled, and helps others to find out. One thread asks one
 * peer after the other, soon while there is no clear answer and seldom when there is; each change
 * is told as a {@link HostEvent.ReachabilityChanged}.
 *
 * <p>Where strangers are, only public addresses count and only peers at public ones are asked: a
 * neighbour on our own network proves nothing. A network that is private or all on one machine asks
 * anybody about any address.
 */
public final class AutoNat implements HostObserver, AutoCloseable {
    public static final ProtocolId FIRST = ProtocolId.of("/libp2p/autonat/1.0.0");
    public static final ProtocolId DIAL_REQUEST = ProtocolId.of("/libp2p/autonat/2/dial-request");
    public static final ProtocolId DIAL_BACK = ProtocolId.of("/libp2p/autonat/2/dial-back");

    private static final Logger log = LoggerFactory.getLogger(AutoNat.class);

    private final Swarm swarm;
    private final AutoNatLimits limits;
    private final Scheduler scheduler;
    private final NatServer server;
    private final NatClient client;
    private final Semaphore wake = new Semaphore(0);
    private final List<Subscription> subscriptions = new ArrayList<>();
    private volatile boolean isClosed;
    private @Nullable Thread asker;

    // Of the thread that asks.
    private final ReachabilityJudge judge;
    private final Map<PeerId, Long> askedAt = new HashMap<>();

    public AutoNat(Swarm swarm, AutoNatLimits limits, Scheduler scheduler) {
        var random = new SecureRandom();
        this.swarm = swarm;
        this.limits = limits;
        this.scheduler = scheduler;
        this.server = new NatServer(swarm, limits, scheduler, random);
        this.client = new NatClient(swarm.id(), limits, random);
        this.judge = new ReachabilityJudge(limits);
    }

    /** Serves and asks from now on. */
    public void start() {
        swarm.handle(FIRST, server::serveFirst);
        swarm.handle(DIAL_REQUEST, server::serveSecond);
        swarm.handle(DIAL_BACK, client::dialledBack);
        subscriptions.add(swarm.control().observe(this));
        subscriptions.add(
                swarm.subscribe(event -> {
                    if (event instanceof HostEvent.Identified) {
                        wake.release();
                    }
                }));
        asker = scheduler.fork("p2p autonat", this::askOnAndOn);
    }

    @Override
    public void changed() {
        wake.release();
    }

    private void askOnAndOn() {
        try {
            while (!isClosed) {
                judge.addresses(addresses());
                publish();
                var next = judge.toAsk(now()).isEmpty() ? Optional.<Connection>empty() : next();
                if (next.isEmpty()) {
                    sleepOrWake();
                    continue;
                }
                ask(next.get());
                publish();
                scheduler.sleep(
                        judge.reachability(now()) == Reachability.UNKNOWN
                                ? limits.probePause()
                                : limits.refreshPause());
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /** Until there is somebody new to ask, or somebody may be asked again. */
    private void sleepOrWake() throws InterruptedException {
        var alarm = scheduler.after(limits.serverPause(), wake::release);
        try {
            wake.acquire();
            wake.drainPermits();
        } finally {
            alarm.cancel();
        }
    }

    private long now() {
        return scheduler.nanoTime();
    }

    private void publish() {
        swarm.reachable(judge.reachability(now()));
    }

    /** Our own addresses that may count. */
    private List<Multiaddr> addresses() {
        var own = new ArrayList<Multiaddr>();
        for (var address : swarm.info().addresses()) {
            boolean counts = !swarm.isAmongStrangers() || isPublic(address);
            if (counts && !address.has(AddressProtocol.P2P_CIRCUIT)) {
                own.add(address);
            }
        }
        return own;
    }

    private static boolean isPublic(Multiaddr address) {
        return address.range().filter(AddressRange.PUBLIC::equals).isPresent();
    }

    /** Of those who may be asked, the one that was not for the longest time. */
    private Optional<Connection> next() {
        var connected = new HashSet<PeerId>();
        var able = new ArrayList<Connection>();
        for (var connection : swarm.connections()) {
            connected.add(connection.remotePeer());
            if (mayAsk(connection)) {
                able.add(connection);
            }
        }
        askedAt.keySet().retainAll(connected);
        able.sort(Comparator.comparingLong(this::lastAsked));
        return able.stream().findFirst();
    }

    private long lastAsked(Connection connection) {
        return askedAt.getOrDefault(connection.remotePeer(), Long.MIN_VALUE);
    }

    private boolean mayAsk(Connection connection) {
        var peer = connection.remotePeer();
        var from = connection.remoteAddress();
        var last = askedAt.get(peer);
        return connection.isOpen()
                && !from.has(AddressProtocol.P2P_CIRCUIT)
                && (!swarm.isAmongStrangers() || isPublic(from))
                && (last == null || now() - last >= limits.serverPause().toNanos())
                && (serves(peer, DIAL_REQUEST) || serves(peer, FIRST));
    }

    private boolean serves(PeerId peer, ProtocolId protocol) {
        return swarm.peers().serves(peer, protocol.name());
    }

    private void ask(Connection connection) throws InterruptedException {
        var peer = connection.remotePeer();
        askedAt.put(peer, now());
        var addresses = judge.toAsk(now());
        try {
            var verdict =
                    serves(peer, DIAL_REQUEST)
                            ? client.askSecond(connection, addresses)
                            : client.askFirst(connection, addresses.getFirst());
            log.debug("{} says of our addresses: {}", connection, verdict);
            judge.heard(verdict, network(connection), now());
        } catch (IOException failure) {
            log.debug("{} does not say: {}", connection, failure.getMessage());
        }
    }

    /** Peers in the same network are one voice; without a network each has its own. */
    private static Object network(Connection connection) {
        var host =
                connection.remoteAddress().host().filter(address -> !address.isLoopbackAddress());
        return host.<Object>map(
                        address -> Subnet.of(address, address instanceof Inet4Address ? 24 : 48))
                .orElse(connection.remotePeer());
    }

    @Override
    public void close() {
        isClosed = true;
        subscriptions.forEach(Subscription::close);
        var asking = asker;
        if (asking != null) {
            asking.interrupt();
        }
    }
}
