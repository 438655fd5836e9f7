package tensorlink.p2p.swarm;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.HostObserver.Refused;
import tensorlink.p2p.core.HostObserver.Why;
import tensorlink.p2p.core.LimitedConnectionException;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Link;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ResourceLimitException;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.MuxedConnection;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.StreamError;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.resource.ConnectionClaim;
import tensorlink.p2p.resource.StreamClaim;
import tensorlink.p2p.trace.ConnectionTrace;

/** A connection with a proven peer, and the bridge from its event loop to the host. */
final class SwarmConnection implements Connection, MuxedConnection.Events {
    private final PeerId remotePeer;
    private final Multiaddr remoteAddress;
    private final Direction direction;
    private final Link link;
    private final ConnectionClaim claim;
    private final ConnectionTrace trace;
    private final Owner owner;
    private final AtomicInteger streams = new AtomicInteger();
    private final long openedAt;
    private volatile long lastUsedAt;
    private final Set<ProtocolId> refused = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicInteger violations = new AtomicInteger();
    private final Semaphore negotiationSlots;
    private final Semaphore handlerSlots;
    private @Nullable MuxedConnection muxed;

    SwarmConnection(
            PeerId remotePeer,
            Multiaddr remoteAddress,
            Direction direction,
            Link link,
            ConnectionClaim claim,
            ConnectionTrace trace,
            Owner owner) {
        this.remotePeer = remotePeer;
        this.remoteAddress = remoteAddress;
        this.direction = direction;
        this.link = link;
        this.claim = claim;
        this.trace = trace;
        this.owner = owner;
        this.openedAt = owner.scheduler().nanoTime();
        this.lastUsedAt = openedAt;
        this.negotiationSlots = new Semaphore(owner.limits().negotiatingMax());
        this.handlerSlots = new Semaphore(owner.limits().openMax());
    }

    /** Completes the connection, before anybody else knows it. */
    void carriedBy(MuxedConnection carrier) {
        muxed = carrier;
    }

    private MuxedConnection muxed() {
        if (muxed == null) {
            throw new IllegalStateException("connection is not complete");
        }
        return muxed;
    }

    @Override
    public PeerId remotePeer() {
        return remotePeer;
    }

    @Override
    public Multiaddr remoteAddress() {
        return remoteAddress;
    }

    @Override
    public Direction direction() {
        return direction;
    }

    @Override
    public Link link() {
        return link;
    }

    @Override
    public int streams() {
        return streams.get();
    }

    @Override
    public boolean isOpen() {
        return muxed().isOpen();
    }

    /** Whether a relay carries it. */
    boolean isRelayed() {
        return remoteAddress.has(AddressProtocol.P2P_CIRCUIT);
    }

    /** Whether it may carry all of {@code protocols}. */
    boolean mayCarry(List<ProtocolId> protocols) {
        return !isLimited() || protocols.stream().allMatch(owner::runsOnLimited);
    }

    @Override
    public Stream open(List<ProtocolId> protocols) throws IOException, InterruptedException {
        if (!mayCarry(protocols)) {
            throw new LimitedConnectionException(
                    protocols + " may not run on the limited connection " + this);
        }
        var place = claim.stream(Direction.OUTBOUND);
        var stream = carried(place);
        boolean agreed = false;
        try {
            var first = protocols.getFirst();
            if (protocols.size() == 1 && isServed(first)) {
                var lazy = owner.negotiation().lazy(stream, first, () -> refused.add(first));
                var opened = agreed(lazy, place, first, Direction.OUTBOUND);
                agreed = true;
                return opened;
            }
            var protocol = owner.negotiation().propose(stream, protocols);
            var opened = agreed(stream, place, protocol, Direction.OUTBOUND);
            agreed = true;
            return opened;
        } catch (UnsupportedProtocolException refused) {
            stream.close();
            agreed = true;
            throw refused;
        } finally {
            if (!agreed) {
                stream.reset(StreamError.NEGOTIATION_FAILED);
            }
        }
    }

    /** Whether the peer said so, and has not since refused. */
    private boolean isServed(ProtocolId protocol) {
        return !refused.contains(protocol) && owner.serves(remotePeer, protocol);
    }

    private MuxedStream carried(StreamClaim place) throws IOException, InterruptedException {
        boolean complete = false;
        try {
            var stream = muxed().open();
            stream.whenOver(place::close);
            complete = true;
            return stream;
        } finally {
            if (!complete) {
                place.close();
            }
        }
    }

    /**
     * Gives {@code stream} its protocol, and counts it until it is over.
     *
     * @param opener which side opened it
     * @throws ResourceLimitException when the protocol has too many streams
     */
    SwarmStream agreed(MuxedStream stream, StreamClaim place, ProtocolId protocol, Direction opener)
            throws ResourceLimitException {
        place.agreed(protocol);
        var traffic = owner.traffic(protocol);
        traffic.opened();
        streams.incrementAndGet();
        trace("stream:opened", protocol, opener);
        owner.observer().streamOpened(this, protocol, opener);
        stream.whenOver(() -> {
            lastUsedAt = owner.scheduler().nanoTime();
            streams.decrementAndGet();
            traffic.closed();
            trace("stream:closed", protocol, opener);
            owner.observer().streamClosed(this, protocol, opener);
        });
        return new SwarmStream(stream, protocol, this, traffic);
    }

    private void trace(String event, ProtocolId protocol, Direction opener) {
        if (trace.isOn()) {
            trace.event(event, Map.of("protocol", protocol.name(), "direction", opener));
        }
    }

    @Override
    public void close() {
        muxed().close();
    }

    /** When it was ready for streams, in nanoseconds. */
    long openedAt() {
        return openedAt;
    }

    /** When its last stream ended, in nanoseconds. */
    long lastUsedAt() {
        return lastUsedAt;
    }

    /** Waits until the last byte is sent or given up. */
    void awaitClosed() throws InterruptedException {
        closed.await();
    }

    /** Room for a stream that the remote opened. */
    StreamClaim claimInbound() throws ResourceLimitException {
        return claim.stream(Direction.INBOUND);
    }

    @Override
    public boolean reserve(int bytes) {
        boolean isGranted = claim.reserve(bytes);
        if (!isGranted) {
            owner.observer().refused(Refused.MEMORY, Why.LIMIT, "memory is short");
        }
        return isGranted;
    }

    @Override
    public void release(int bytes) {
        claim.release(bytes);
    }

    /** Inbound streams of which the protocol may still become known. */
    Semaphore negotiationSlots() {
        return negotiationSlots;
    }

    /** Inbound streams that may still get a thread; a reset stream keeps its own until it ends. */
    Semaphore handlerSlots() {
        return handlerSlots;
    }

    /** How often the peer broke a protocol over this connection, this time included. */
    int violated() {
        return violations.incrementAndGet();
    }

    @Override
    public void opened(MuxedStream stream) {
        owner.opened(this, stream);
    }

    @Override
    public void closed(IOException reason) {
        if (trace.isOn()) {
            trace.event(
                    "connectivity:connection_closed",
                    Map.of("reason", String.valueOf(reason.getMessage())));
        }
        owner.closed(this, reason);
        closed.countDown();
    }

    @Override
    public String toString() {
        return direction + " " + remotePeer.shortText() + " at " + remoteAddress;
    }

    /** The host that the connection belongs to. */
    interface Owner {
        Limits.Streams limits();

        Scheduler scheduler();

        /** Counts what is moved for {@code protocol}. */
        TrafficTable.Count traffic(ProtocolId protocol);

        HostObserver observer();

        StreamNegotiation negotiation();

        /** Whether {@code protocol} may run on limited connections. */
        boolean runsOnLimited(ProtocolId protocol);

        /** Whether {@code peer} said that it serves {@code protocol}. */
        boolean serves(PeerId peer, ProtocolId protocol);

        /** The remote opened {@code stream}; must not block. */
        void opened(SwarmConnection connection, MuxedStream stream);

        /** The connection is over; must not block. */
        void closed(SwarmConnection connection, IOException reason);
    }
}
