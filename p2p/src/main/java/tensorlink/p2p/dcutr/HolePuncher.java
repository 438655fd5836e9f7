package tensorlink.p2p.dcutr;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.swarm.Swarm;

/**
 * Replaces relayed connections by direct ones. Who was called begins: it dials where the other says
 * it is, and when that fails the two agree on a moment to dial each other. The caller is the client
 * of the new connection and the one that was called its server, whoever's packets came first. The
 * relayed connection stays for a while, for the streams that are still on it.
 */
public final class HolePuncher {
    public static final ProtocolId PROTOCOL = ProtocolId.of("/libp2p/dcutr");

    private static final Logger log = LoggerFactory.getLogger(HolePuncher.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Duration GRACE = Duration.ofSeconds(30);

    /** For three tries, and the plain dial before them where it is refused at once. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final int TRIES = 3;
    private static final Duration KNOCKING = Duration.ofSeconds(5);
    private static final int KNOCK_MILLIS_MIN = 10;
    private static final int KNOCK_MILLIS_MAX = 200;
    private static final int NOISE_BYTES = 64;

    /** Each may make us dial sixteen addresses. */
    private static final int AT_ONCE = 16;

    private final Swarm swarm;
    private final Scheduler scheduler;
    private final Duration grace;
    private final SecureRandom random = new SecureRandom();

    /** With whom it is being tried; each peer once, whoever began. */
    private final Set<PeerId> running = ConcurrentHashMap.newKeySet();

    public HolePuncher(Swarm swarm, Scheduler scheduler) {
        this(swarm, scheduler, GRACE);
    }

    /**
     * @param grace for the streams on a relayed connection, once there is a direct one
     */
    HolePuncher(Swarm swarm, Scheduler scheduler, Duration grace) {
        this.swarm = swarm;
        this.scheduler = scheduler;
        this.grace = grace;
    }

    /** Serves and tries from now on. */
    public void start() {
        swarm.control().allowOnLimited(PROTOCOL);
        swarm.waitForDirect(PATIENCE);
        swarm.handle(PROTOCOL, this::answer);
        var _ =
                swarm.subscribe(event -> {
                    if (event instanceof HostEvent.Identified(var peer)) {
                        met(peer);
                    }
                });
    }

    /** Only who was called through a relay begins. */
    private void met(PeerId peer) {
        for (var connection : connections(peer)) {
            if (isRelayed(connection) && connection.direction() == Direction.INBOUND) {
                begin(connection);
                return;
            }
        }
    }

    private List<Connection> connections(PeerId peer) {
        var theirs = new ArrayList<Connection>();
        for (var connection : swarm.connections()) {
            if (connection.remotePeer().equals(peer) && connection.isOpen()) {
                theirs.add(connection);
            }
        }
        return theirs;
    }

    private static boolean isRelayed(Connection connection) {
        return connection.remoteAddress().has(AddressProtocol.P2P_CIRCUIT);
    }

    private boolean isDirect(PeerId peer) {
        return connections(peer).stream().anyMatch(connection -> !isRelayed(connection));
    }

    /** False when there are enough, or it is being tried with {@code peer}. */
    private boolean enter(PeerId peer) {
        return running.size() < AT_ONCE && running.add(peer);
    }

    // The one that was called.

    private void begin(Connection relayed) {
        var peer = relayed.remotePeer();
        if (isDirect(peer) || !enter(peer)) {
            return;
        }
        var _ =
                scheduler.fork(
                        "p2p hole punch",
                        () -> {
                            try {
                                upgrade(relayed);
                            } catch (InterruptedException closing) {
                                Thread.currentThread().interrupt();
                            } finally {
                                running.remove(peer);
                            }
                        });
    }

    private void upgrade(Connection relayed) throws InterruptedException {
        var peer = relayed.remotePeer();
        boolean isDone = dial(peer);
        for (int i = 0; i < TRIES && !isDone && relayed.isOpen(); i++) {
            isDone = punch(relayed);
        }
        log.debug("{}: {}", relayed, isDone ? "there is a direct one now" : "no way around it");
        if (isDone) {
            var _ = scheduler.after(grace, relayed::close);
        }
    }

    private boolean dial(PeerId peer) throws InterruptedException {
        try {
            var _ = swarm.connectDirectly(swarm.peers().info(peer));
            return true;
        } catch (DialException unreachable) {
            log.debug("no plain dial: {}", unreachable.getMessage());
            return false;
        }
    }

    private boolean punch(Connection relayed) throws InterruptedException {
        var peer = relayed.remotePeer();
        try (var stream = relayed.open(PROTOCOL)) {
            stream.timeout(TIMEOUT);
            long asked = scheduler.nanoTime();
            stream.writeMessage(new PunchMessage.Connect(ours()).encode());
            var theirs = connect(stream);
            var roundTrip = Duration.ofNanos(scheduler.nanoTime() - asked);
            stream.writeMessage(new PunchMessage.Sync().encode());
            scheduler.sleep(roundTrip.dividedBy(2));
            return meet(peer, theirs);
        } catch (IOException failure) {
            log.debug("no hole for {}: {}", peer.shortText(), failure.getMessage());
            return isDirect(peer);
        }
    }

    /** Dials over TCP, knocks for QUIC, and waits for the other side, whose dial may come in. */
    private boolean meet(PeerId peer, List<Multiaddr> theirs) throws InterruptedException {
        var knocking = scheduler.fork("p2p knock", () -> knock(peer, dialledBy(theirs, true)));
        try {
            var _ = swarm.punch(peer, dialledBy(theirs, false), Direction.INBOUND);
        } catch (DialException unreachable) {
            log.debug("no hole for {}: {}", peer.shortText(), unreachable.getMessage());
        }
        knocking.join();
        return isDirect(peer);
    }

    /** Until the other side is there, or for as long as its dial may take. */
    private void knock(PeerId peer, List<Multiaddr> addresses) {
        try {
            long end = scheduler.nanoTime() + KNOCKING.toNanos();
            while (!isDirect(peer) && scheduler.nanoTime() < end) {
                var noise = new byte[NOISE_BYTES];
                random.nextBytes(noise);
                swarm.knock(peer, addresses, noise);
                scheduler.sleep(
                        Duration.ofMillis(random.nextInt(KNOCK_MILLIS_MIN, KNOCK_MILLIS_MAX)));
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Multiaddr> connect(Stream stream) throws IOException, InterruptedException {
        return switch (PunchMessage.decode(stream.readMessage(PunchMessage.BYTES_MAX))) {
            case PunchMessage.Connect(var addresses) -> addresses;
            case PunchMessage.Sync() ->
                    throw new ProtocolViolation("dcutr: SYNC where CONNECT belongs");
        };
    }

    // The one that called.

    private void answer(Stream stream) throws IOException, InterruptedException {
        stream.timeout(TIMEOUT);
        var relayed = stream.connection();
        var peer = relayed.remotePeer();
        if (!isRelayed(relayed) || relayed.direction() != Direction.OUTBOUND) {
            throw new ProtocolViolation("dcutr: not asked over a connection that we made by relay");
        }
        if (!enter(peer)) {
            throw new IOException("too many at the same time");
        }
        try {
            var theirs = connect(stream);
            stream.writeMessage(new PunchMessage.Connect(ours()).encode());
            sync(stream);
            var _ = swarm.punch(peer, punchable(theirs), Direction.OUTBOUND);
        } catch (DialException unreachable) {
            log.debug("no hole for {}: {}", peer.shortText(), unreachable.getMessage());
        } finally {
            running.remove(peer);
        }
    }

    private static void sync(Stream stream) throws IOException, InterruptedException {
        switch (PunchMessage.decode(stream.readMessage(PunchMessage.BYTES_MAX))) {
            case PunchMessage.Sync() -> {}
            case PunchMessage.Connect _ ->
                    throw new ProtocolViolation("dcutr: CONNECT where SYNC belongs");
        }
    }

    // Addresses.

    /** Where we listen, and where each of our peers sees us. */
    private List<Multiaddr> ours() {
        var ours = new LinkedHashSet<>(swarm.info().addresses());
        for (var connection : swarm.connections()) {
            if (!isRelayed(connection)) {
                seenBy(connection.remotePeer()).ifPresent(ours::add);
            }
        }
        return ours.stream().filter(this::counts).limit(PunchMessage.ADDRESSES_MAX).toList();
    }

    private Optional<Multiaddr> seenBy(PeerId peer) {
        return swarm.peers()
                .identification(peer)
                .flatMap(identification -> identification.observedAddress());
    }

    /** Where strangers are, nobody makes us dial into our own network. */
    private boolean counts(Multiaddr address) {
        boolean isPublic = address.range().filter(AddressRange.PUBLIC::equals).isPresent();
        return !address.has(AddressProtocol.P2P_CIRCUIT) && (isPublic || !swarm.isAmongStrangers());
    }

    private List<Multiaddr> punchable(List<Multiaddr> theirs) {
        var punchable = new ArrayList<Multiaddr>();
        for (var address : theirs) {
            address.withoutPeer().filter(this::counts).ifPresent(punchable::add);
        }
        return punchable;
    }

    /** A server of QUIC cannot dial; over TCP both do. */
    private List<Multiaddr> dialledBy(List<Multiaddr> theirs, boolean isQuic) {
        return punchable(theirs).stream()
                .filter(address -> address.has(AddressProtocol.QUIC_V1) == isQuic)
                .toList();
    }
}
