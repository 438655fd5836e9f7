package tensorlink.p2p.swarm;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Gater;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostControl;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostListener;
import tensorlink.p2p.core.HostObserver;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Reach;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.core.ResourceUse;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.core.Traffic;
import tensorlink.p2p.core.WireTraffic;
import tensorlink.p2p.dns.DnsAddr;
import tensorlink.p2p.dns.TxtLookup;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.mux.MuxedStream;
import tensorlink.p2p.mux.Muxer;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;
import tensorlink.p2p.peer.PreSharedKey;
import tensorlink.p2p.resource.ResourceTree;
import tensorlink.p2p.security.Security;
import tensorlink.p2p.trace.Tracer;
import tensorlink.p2p.transport.Transport;

/** The host: ties together who listens, who dials, what is open and who serves it. */
public final class Swarm implements Host {
    private static final Logger log = LoggerFactory.getLogger(Swarm.class);

    private final Parts parts;
    private final List<Transport> transports;
    private final ProtocolTable protocols = new ProtocolTable();
    private final HostListeners listeners;
    private final ConnectionTable connections;
    private final StreamServer server;
    private final Dialler dialler;
    private final Acceptor acceptor;
    private final Witnesses witnesses = new Witnesses();
    private final TrafficTable traffic = new TrafficTable();
    private final WireMeter wire = new WireMeter();
    private final Tracer tracer;
    private final ResourceTree resources;
    private final PeerTags tags = new PeerTags();
    private final Trimmer trimmer;
    private final Optional<PeerKeeper> keeper;
    private final Subscription gaterWatch;
    private final List<Runnable> closers = new CopyOnWriteArrayList<>();
    private volatile List<Multiaddr> observed = List.of();
    private volatile List<Multiaddr> mapped = List.of();
    private volatile Duration directPatience = Duration.ZERO;
    private volatile Reachability reachability = Reachability.UNKNOWN;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    public Swarm(Parts parts) {
        this.parts = parts;
        this.transports = new CopyOnWriteArrayList<>(parts.transports());
        var limits = parts.limits();
        var scheduler = parts.scheduler();
        var negotiation = new StreamNegotiation(scheduler, limits.streams().negotiateTimeout());
        listeners = new HostListeners(scheduler, limits.eventsPendingMax());
        connections = new ConnectionTable(listeners::publish);
        server =
                new StreamServer(
                        protocols, negotiation, limits.connections(), scheduler, witnesses);
        tracer = new Tracer(limits.tracing(), scheduler);
        resources = new ResourceTree(limits.resources());
        var upgrader =
                new Upgrader(
                        parts.self(),
                        parts.securities(),
                        parts.muxers(),
                        parts.network(),
                        limits,
                        scheduler,
                        tracer,
                        resources,
                        parts.gater(),
                        wire,
                        new Owner(negotiation));
        acceptor = new Acceptor(transports, upgrader, this::keep);
        var gate =
                new DialGate(
                        parts.gater(),
                        parts.reach(),
                        parts.network().isPresent(),
                        acceptor::addresses);
        dialler =
                new Dialler(
                        connections,
                        parts.peers(),
                        transports,
                        upgrader,
                        gate,
                        parts.sharesPorts() ? DialWay.FROM_LISTENING : DialWay.PLAIN,
                        new DnsAddr(parts.names()),
                        new DialBackOff(limits.dialling(), parts.random()),
                        this::keep);
        trimmer = new Trimmer(parts.self(), connections, tags, limits.trimming(), scheduler);
        keeper = parts.peerFile().map(file -> new PeerKeeper(parts.peers(), file, scheduler));
        keeper.ifPresent(PeerKeeper::start);
        gaterWatch = parts.gater().watch(this::closeRefused);
    }

    /** Uses one more transport, which is closed before those that were there. */
    public void use(Transport transport) {
        transports.addFirst(transport);
    }

    /** Starts to listen at {@code address}; until {@link #stopListening}, or to the end. */
    public Transport.Listener listen(Multiaddr address) throws IOException, InterruptedException {
        var listener = acceptor.listen(address);
        witnesses.changed();
        return listener;
    }

    /** Ends a {@code listener}; connections that came in there stay. */
    public void stopListening(Transport.Listener listener) {
        acceptor.stop(listener);
        witnesses.changed();
    }

    /** A listener's addresses are others than before. */
    public void addressesChanged() {
        witnesses.changed();
    }

    @Override
    public PeerId id() {
        return parts.self();
    }

    @Override
    public List<Multiaddr> addresses() {
        return acceptor.addresses();
    }

    /** Those listened at, those at which others see us, and those that a router maps. */
    @Override
    public PeerInfo info() {
        var all = new LinkedHashSet<>(addresses());
        all.addAll(observed);
        all.addAll(mapped);
        return new PeerInfo(id(), List.copyOf(all));
    }

    /** Announces {@code seen} beside what is listened at; false when that is not new. */
    public boolean announce(List<Multiaddr> seen) {
        if (seen.equals(observed)) {
            return false;
        }
        observed = List.copyOf(seen);
        witnesses.changed();
        return true;
    }

    /** Announces {@code outside}, where a router passes on to us; false when that is not new. */
    public boolean mapped(List<Multiaddr> outside) {
        if (outside.equals(mapped)) {
            return false;
        }
        mapped = List.copyOf(outside);
        witnesses.changed();
        return true;
    }

    @Override
    public PeerStore peers() {
        return parts.peers();
    }

    @Override
    public List<Connection> connections() {
        return List.copyOf(connections.all());
    }

    @Override
    public List<Connection> connections(PeerId peer) {
        return List.copyOf(connections.all(peer));
    }

    @Override
    public void handle(ProtocolId protocol, StreamHandler handler) {
        protocols.add(protocol, handler);
        witnesses.changed();
    }

    @Override
    public void unhandle(ProtocolId protocol) {
        if (protocols.remove(protocol)) {
            witnesses.changed();
        }
    }

    @Override
    public List<ProtocolId> protocols() {
        return protocols.protocols();
    }

    @Override
    public Connection connect(PeerInfo peer) throws DialException, InterruptedException {
        return dialler.connect(peer);
    }

    @Override
    public Connection dial(PeerInfo peer) throws DialException, InterruptedException {
        return dialler.dial(peer);
    }

    /** Returns an open connection to {@code peer} that no relay carries, dialling when needed. */
    public Connection connectDirectly(PeerInfo peer) throws DialException, InterruptedException {
        return dialler.connectDirectly(peer);
    }

    /**
     * Makes a new connection to {@code peer} at {@code address} and nowhere else, from a port of
     * which no NAT knows.
     */
    public Connection dialAt(PeerId peer, Multiaddr address)
            throws DialException, InterruptedException {
        return dialler.dialAt(peer, address);
    }

    /**
     * Makes a connection to a {@code peer} that dials us at this very moment.
     *
     * @param role who we are in the handshakes; the other side must be the opposite
     */
    public Connection punch(PeerId peer, List<Multiaddr> addresses, Connection.Direction role)
            throws DialException, InterruptedException {
        return dialler.punch(peer, addresses, role);
    }

    /**
     * Sends {@code noise} to each of {@code addresses} where that opens our NAT for who is there.
     */
    public void knock(PeerId peer, List<Multiaddr> addresses, byte[] noise) {
        for (var address : addresses) {
            try {
                dialler.knock(peer, address, noise);
            } catch (IOException unreachable) {
                log.debug("no packets to {}: {}", address, unreachable.getMessage());
            }
        }
    }

    /** Whether there is a transport for {@code address}, which has no peer id. */
    public boolean canDial(Multiaddr address) {
        return transports.stream().anyMatch(transport -> transport.handles(address));
    }

    /** Whether this host is on a network where anybody may be, and not all is on one machine. */
    public boolean isAmongStrangers() {
        return parts.network().isEmpty()
                && parts.reach() != Reach.ANY
                && !addresses().stream().allMatch(Multiaddr::isLoopback);
    }

    /** Whether others can dial this host has been found out; called by one thread at a time. */
    public void reachable(Reachability found) {
        if (found != reachability) {
            reachability = found;
            log.info("reachability: {}", found);
            publish(new HostEvent.ReachabilityChanged(id(), found));
        }
    }

    /** Runs {@code action} when the host closes, before its connections do. */
    public void whenClosing(Runnable action) {
        closers.add(action);
    }

    /** A connection that turns out to be dead is replaced once. */
    @Override
    public Stream open(PeerId peer, List<ProtocolId> wanted)
            throws IOException, InterruptedException {
        var connection = dialler.connect(peers().info(peer));
        if (!connection.mayCarry(wanted)) {
            connection = direct(peer);
        }
        try {
            return connection.open(wanted);
        } catch (IOException failure) {
            if (connection.isOpen()) {
                throw failure;
            }
            log.debug("connection {} was dead: {}", connection, failure.getMessage());
            return dialler.connect(peers().info(peer)).open(wanted);
        }
    }

    private SwarmConnection direct(PeerId peer) throws DialException, InterruptedException {
        try {
            return dialler.connectDirectly(peers().info(peer));
        } catch (DialException unreachable) {
            return awaitDirect(peer).orElseThrow(() -> unreachable);
        }
    }

    /** Somebody else may be about to make a connection without a relay. */
    private Optional<SwarmConnection> awaitDirect(PeerId peer) throws InterruptedException {
        var over = new CountDownLatch(1);
        var arrival =
                new HostObserver() {
                    @Override
                    public void connected(Connection connection) {
                        if (connections.findDirect(peer).isPresent()) {
                            over.countDown();
                        }
                    }
                };
        var alarm = parts.scheduler().after(directPatience, over::countDown);
        try (var _ = witnesses.add(arrival)) {
            if (connections.findDirect(peer).isEmpty()) {
                over.await();
            }
        } finally {
            alarm.cancel();
        }
        return connections.findDirect(peer);
    }

    /**
     * Has streams that may not run over a relay wait so long for a direct connection, which
     * somebody makes; they do not wait, unless told so.
     */
    public void waitForDirect(Duration patience) {
        directPatience = patience;
    }

    @Override
    public void disconnect(PeerId peer) {
        for (var connection : connections.all(peer)) {
            connection.close();
        }
    }

    @Override
    public Subscription subscribe(HostListener listener) {
        return listeners.add(listener);
    }

    /** Publishes an event that somebody above observed. */
    public void publish(HostEvent event) {
        listeners.publish(event);
    }

    @Override
    public HostControl control() {
        return new Control();
    }

    private boolean keep(SwarmConnection connection) {
        if (!connections.add(connection)) {
            return false;
        }
        log.debug("connected: {}", connection);
        trimmer.wake();
        peers().connected(connection.remotePeer());
        dialler.reached(connection.remotePeer());
        witnesses.connected(connection);
        return true;
    }

    /** Whoever may not pass any more is disconnected. */
    private void closeRefused() {
        for (var connection : connections.all()) {
            var gater = parts.gater();
            var refusal =
                    gater.refusal(connection.remotePeer())
                            .or(() -> connection.remoteAddress().host().flatMap(gater::refusal));
            if (refusal.isPresent()) {
                log.debug("disconnecting {}: {}", connection, refusal.get());
                connection.close();
            }
        }
    }

    @Override
    public void close() {
        if (!isClosed.compareAndSet(false, true)) {
            return;
        }
        closers.forEach(Runnable::run);
        gaterWatch.close();
        trimmer.close();
        acceptor.close();
        dialler.close();
        connections.close();
        var open = connections.all();
        for (var connection : open) {
            connection.close();
        }
        try {
            for (var connection : open) {
                connection.awaitClosed();
            }
            server.close();
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
        keeper.ifPresent(PeerKeeper::close);
        listeners.close();
        tracer.close();
        for (var transport : transports) {
            transport.close();
        }
    }

    /**
     * What a swarm is made of.
     *
     * @param peerFile where to keep them over restarts
     * @param transports are closed with the swarm, in order; the first that handles an address is
     *     used
     * @param securities best first
     * @param muxers best first
     * @param network the key that everybody else must have, when this is a private network
     * @param gater with whom it may be connected
     * @param reach which addresses it dials
     * @param sharesPorts whether to dial from where it listens
     * @param names answers for {@code /dnsaddr}
     * @param random for pauses between dials
     */
    public record Parts(
            PeerId self,
            PeerStore peers,
            Optional<Path> peerFile,
            List<Transport> transports,
            List<Security> securities,
            List<Muxer> muxers,
            Optional<PreSharedKey> network,
            Gater gater,
            Reach reach,
            boolean sharesPorts,
            TxtLookup names,
            RandomGenerator random,
            Limits limits,
            Scheduler scheduler) {}

    private final class Control implements HostControl {
        @Override
        public Subscription observe(HostObserver observer) {
            return witnesses.add(observer);
        }

        @Override
        public List<Traffic> traffic() {
            return traffic.all();
        }

        @Override
        public WireTraffic wire() {
            return wire.now();
        }

        @Override
        public Gater gater() {
            return parts.gater();
        }

        @Override
        public void allowOnLimited(ProtocolId protocol) {
            protocols.allowOnLimited(protocol);
        }

        @Override
        public Reachability reachability() {
            return reachability;
        }

        @Override
        public List<Multiaddr> observedAddresses() {
            return observed;
        }

        @Override
        public void protect(PeerId peer, String tag) {
            tags.protect(peer, tag);
        }

        @Override
        public boolean unprotect(PeerId peer, String tag) {
            return tags.unprotect(peer, tag);
        }

        @Override
        public boolean isProtected(PeerId peer) {
            return tags.isProtected(peer);
        }

        @Override
        public void tag(PeerId peer, String tag, int value) {
            tags.tag(peer, tag, value);
        }

        @Override
        public void untag(PeerId peer, String tag) {
            tags.untag(peer, tag);
        }

        @Override
        public List<ResourceUse> resources() {
            return resources.use();
        }

        @Override
        public Subscription trace(Predicate<PeerId> whom, Appendable sink) {
            return tracer.add(whom, sink);
        }
    }

    private final class Owner implements SwarmConnection.Owner {
        private final StreamNegotiation negotiation;

        Owner(StreamNegotiation negotiation) {
            this.negotiation = negotiation;
        }

        @Override
        public Limits.Streams limits() {
            return parts.limits().streams();
        }

        @Override
        public Scheduler scheduler() {
            return parts.scheduler();
        }

        @Override
        public TrafficTable.Count traffic(ProtocolId protocol) {
            return traffic.of(protocol);
        }

        @Override
        public HostObserver observer() {
            return witnesses;
        }

        @Override
        public StreamNegotiation negotiation() {
            return negotiation;
        }

        @Override
        public boolean runsOnLimited(ProtocolId protocol) {
            return protocols.runsOnLimited(protocol.name());
        }

        @Override
        public boolean serves(PeerId peer, ProtocolId protocol) {
            return parts.peers().serves(peer, protocol.name());
        }

        @Override
        public void opened(SwarmConnection connection, MuxedStream stream) {
            server.serve(connection, stream);
        }

        @Override
        public void closed(SwarmConnection connection, IOException reason) {
            log.debug("disconnected: {}: {}", connection, reason.getMessage());
            connections.remove(connection);
            if (connections.all(connection.remotePeer()).isEmpty()) {
                peers().disconnected(connection.remotePeer());
            }
            witnesses.disconnected(connection, reason);
        }
    }
}
