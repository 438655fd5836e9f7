package tensorlink.p2p.relay;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/**
 * The relay: gives places to peers that cannot be reached, and passes on to them what others send.
 * Neither is done for who came over a relay itself. A place is lost with the last connection.
 */
public final class RelayServer implements HostObserver {
    /** Asked by clients, of the relay. */
    public static final ProtocolId HOP = ProtocolId.of("/libp2p/circuit/relay/0.2.0/hop");

    /** Asked by the relay, of the peer that is called. */
    public static final ProtocolId STOP = ProtocolId.of("/libp2p/circuit/relay/0.2.0/stop");

    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);
    private static final String TAG = "relay";
    private static final int TAG_VALUE = 10;

    private final Host host;
    private final KeyPair key;
    private final RelayLimits limits;
    private final Scheduler scheduler;

    private final ReentrantLock lock = new ReentrantLock();
    private final RelayBook book;

    /**
     * @param key the host's, to sign vouchers
     */
    public RelayServer(Host host, KeyPair key, RelayLimits limits, Scheduler scheduler) {
        this.host = host;
        this.key = key;
        this.limits = limits;
        this.scheduler = scheduler;
        this.book = new RelayBook(limits);
    }

    /** Serves from now on. */
    public void start() {
        host.handle(HOP, this::serve);
        var _ = host.control().observe(this);
    }

    /** Serves from now on, while others can dial this host as far as it has found out. */
    public void startWhenReachable() {
        var _ = host.control().observe(this);
        var _ =
                host.subscribe(event -> {
                    if (event instanceof HostEvent.ReachabilityChanged(var _, var found)) {
                        switch (found) {
                            case PUBLIC -> host.handle(HOP, this::serve);
                            case PRIVATE, UNKNOWN -> host.unhandle(HOP);
                        }
                    }
                });
    }

    private void serve(Stream stream) throws IOException, InterruptedException {
        stream.timeout(limits.answerTimeout());
        var client = stream.connection();
        switch (RelayCodec.decodeHop(stream.readMessage(RelayCodec.MESSAGE_BYTES_MAX))) {
            case HopMessage.Reserve() -> answer(stream, reserve(client));
            case HopMessage.Connect(var target) -> connect(stream, target);
            case HopMessage.Status(var status, _, _) ->
                    throw new ProtocolViolation(
                            HOP + ": status " + status + " where a request was expected");
        }
    }

    private static void answer(Stream stream, HopMessage message)
            throws IOException, InterruptedException {
        stream.writeMessage(RelayCodec.encode(message));
    }

    private static HopMessage status(RelayStatus status) {
        return new HopMessage.Status(status, Optional.empty(), CircuitLimit.NONE);
    }

    // Reservations.

    private HopMessage reserve(Connection client) {
        var peer = client.remotePeer();
        if (isRelayed(client)) {
            return status(RelayStatus.PERMISSION_DENIED);
        }
        lock.lock();
        try {
            var verdict = book.reserve(peer, client.remoteAddress().host(), scheduler.nanoTime());
            if (verdict != RelayStatus.OK) {
                log.debug("no place for {}: {}", client, verdict);
                return status(verdict);
            }
        } finally {
            lock.unlock();
        }
        host.control().tag(peer, TAG, TAG_VALUE);
        if (!client.isOpen()) {
            forget(peer);
        }
        log.debug("relaying for {}", client);
        return new HopMessage.Status(
                RelayStatus.OK, Optional.of(reservation(client)), limits.circuit());
    }

    private HopMessage.Reservation reservation(Connection client) {
        var expiry = Instant.ofEpochSecond(scheduler.now().getEpochSecond());
        expiry = expiry.plus(limits.reservationTtl());
        return new HopMessage.Reservation(
                expiry,
                addressesFor(client),
                ReservationVoucher.seal(key, client.remotePeer(), expiry));
    }

    /** Where others can reach this relay: not at addresses that mean nothing to the client. */
    private List<Multiaddr> addressesFor(Connection client) {
        var viewer =
                client.remoteAddress()
                        .range()
                        .orElse(
                                client.remoteAddress().isLoopback()
                                        ? AddressRange.LOOPBACK
                                        : AddressRange.PUBLIC);
        var addresses = new ArrayList<Multiaddr>();
        for (var address : host.info().addresses()) {
            boolean isOfUse =
                    address.range().map(range -> range.isOfUseTo(viewer)).orElse(true)
                            && !address.has(AddressProtocol.P2P_CIRCUIT);
            if (isOfUse && addresses.size() < RelayCodec.ADDRESSES_MAX) {
                addresses.add(address.with(AddressProtocol.P2P, host.id().toString()));
            }
        }
        return addresses;
    }

    private static boolean isRelayed(Connection connection) {
        return connection.remoteAddress().has(AddressProtocol.P2P_CIRCUIT);
    }

    @Override
    public void disconnected(Connection connection, IOException reason) {
        forget(connection.remotePeer());
    }

    /** The connection that was lost may have been the last one. */
    private void forget(PeerId peer) {
        if (direct(peer).isPresent()) {
            return;
        }
        host.control().untag(peer, TAG);
        lock.lock();
        try {
            book.left(peer);
        } finally {
            lock.unlock();
        }
    }

    private Optional<Connection> direct(PeerId peer) {
        for (var connection : host.connections()) {
            if (connection.remotePeer().equals(peer)
                    && connection.isOpen()
                    && !isRelayed(connection)) {
                return Optional.of(connection);
            }
        }
        return Optional.empty();
    }

    // Circuits.

    private void connect(Stream stream, PeerId target) throws IOException, InterruptedException {
        var source = stream.connection().remotePeer();
        var verdict =
                isRelayed(stream.connection())
                        ? RelayStatus.PERMISSION_DENIED
                        : open(source, target);
        if (verdict != RelayStatus.OK) {
            answer(stream, status(verdict));
            return;
        }
        try {
            carry(stream, source, target);
        } finally {
            ended(source, target);
        }
    }

    private RelayStatus open(PeerId source, PeerId target) {
        lock.lock();
        try {
            return book.open(source, target, scheduler.nanoTime());
        } finally {
            lock.unlock();
        }
    }

    private void ended(PeerId source, PeerId target) {
        lock.lock();
        try {
            book.ended(source, target);
        } finally {
            lock.unlock();
        }
    }

    private void carry(Stream stream, PeerId source, PeerId target)
            throws IOException, InterruptedException {
        Stream called;
        try {
            called = call(source, target);
        } catch (IOException unreachable) {
            log.debug("no circuit to {}: {}", target.shortText(), unreachable.getMessage());
            answer(stream, status(RelayStatus.CONNECTION_FAILED));
            return;
        }
        try (called) {
            answer(
                    stream,
                    new HopMessage.Status(RelayStatus.OK, Optional.empty(), limits.circuit()));
            stream.timeout(Duration.ZERO);
            called.timeout(Duration.ZERO);
            new Circuit(stream, called, limits, scheduler).run();
        }
    }

    /** Asks {@code target} whether it takes the circuit. */
    private Stream call(PeerId source, PeerId target) throws IOException, InterruptedException {
        var connection = direct(target).orElseThrow(() -> new IOException("it is not connected"));
        var called = connection.open(STOP);
        boolean isTaken = false;
        try {
            called.timeout(limits.answerTimeout());
            called.writeMessage(
                    RelayCodec.encode(new StopMessage.Connect(source, limits.circuit())));
            switch (RelayCodec.decodeStop(called.readMessage(RelayCodec.MESSAGE_BYTES_MAX))) {
                case StopMessage.Status(var status) -> {
                    if (status != RelayStatus.OK) {
                        throw new IOException("it answers " + status);
                    }
                }
                case StopMessage.Connect _ ->
                        throw new ProtocolViolation(STOP + ": a request where a status belongs");
            }
            isTaken = true;
            return called;
        } finally {
            if (!isTaken) {
                called.reset();
            }
        }
    }

    /** How many peers have a place. */
    public int reservations() {
        lock.lock();
        try {
            return book.reservations(scheduler.nanoTime());
        } finally {
            lock.unlock();
        }
    }

    /** How many circuits are open. */
    public int circuits() {
        lock.lock();
        try {
            return book.circuits();
        } finally {
            lock.unlock();
        }
    }
}
