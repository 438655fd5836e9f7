package tensorlink.dht;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.DialException;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostControl;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.HostListener;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.StreamHandler;
import tensorlink.p2p.core.StreamResetException;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.Identification;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PeerStore;

/** One host of a {@link FakeNetwork}. */
final class FakeHost implements Host {
    private final FakeNetwork network;
    private final PeerId id;
    private final Multiaddr address;
    private final PeerStore peers;
    private final Map<ProtocolId, StreamHandler> handlers = new ConcurrentHashMap<>();
    private final Map<PeerId, FakeConnection> connections = new ConcurrentHashMap<>();
    private final List<LinkedBlockingQueue<HostEvent>> listeners = new CopyOnWriteArrayList<>();
    private final List<IOException> failures = new CopyOnWriteArrayList<>();
    private final List<RuntimeException> bugs = new CopyOnWriteArrayList<>();
    private volatile boolean gone;
    private volatile boolean identifies = true;

    FakeHost(FakeNetwork network, KeyPair identity, Multiaddr address) {
        this.network = network;
        this.id = identity.peerId();
        this.address = address;
        this.peers = PeerStore.inMemory(PeerStore.Bounds.defaults(), network.scheduler()::now);
    }

    /** Vanishes without a word: whoever waits for it waits on. */
    void vanish() {
        gone = true;
    }

    /** Is there again, with what it knew. */
    void reappear() {
        gone = false;
    }

    boolean isGone() {
        return gone;
    }

    /** Tells nobody what it serves. */
    void stayUnidentified() {
        identifies = false;
    }

    Multiaddr address() {
        return address;
    }

    /** What ended streams that others opened: {@link ProtocolViolation} or another failure. */
    List<IOException> failures() {
        return failures;
    }

    /** What handlers should never have thrown. */
    List<RuntimeException> bugs() {
        return bugs;
    }

    @Override
    public PeerId id() {
        return id;
    }

    @Override
    public List<Multiaddr> addresses() {
        return List.of(address);
    }

    @Override
    public PeerStore peers() {
        return peers;
    }

    @Override
    public List<Connection> connections() {
        return List.copyOf(connections.values());
    }

    @Override
    public void handle(ProtocolId protocol, StreamHandler handler) {
        if (handlers.putIfAbsent(protocol, handler) != null) {
            throw new IllegalStateException(protocol + " already has a handler");
        }
        pushIdentify();
    }

    @Override
    public void unhandle(ProtocolId protocol) {
        handlers.remove(protocol);
        pushIdentify();
    }

    @Override
    public List<ProtocolId> protocols() {
        return List.copyOf(handlers.keySet());
    }

    @Override
    public Connection dial(PeerInfo peer) throws DialException, InterruptedException {
        return connect(peer);
    }

    @Override
    public Connection connect(PeerInfo peer) throws DialException, InterruptedException {
        var open = connections.get(peer.id());
        if (open != null && open.isOpen()) {
            return open;
        }
        var addresses = new LinkedHashSet<>(peer.addresses());
        addresses.addAll(peers.addresses(peer.id()));
        var attempts = new ArrayList<DialException.Attempt>();
        for (var tried : addresses) {
            try {
                return connected(tried, network.dial(tried, peer.id()));
            } catch (IOException failed) {
                attempts.add(new DialException.Attempt(tried, failed));
            }
        }
        throw new DialException(peer.id(), attempts);
    }

    private Connection connected(Multiaddr at, FakeHost remote) {
        var here = new FakeConnection(this, remote, at, Connection.Direction.OUTBOUND);
        var there = new FakeConnection(remote, this, address, Connection.Direction.INBOUND);
        var before = connections.putIfAbsent(remote.id(), here);
        if (before != null) {
            return before;
        }
        remote.connections.put(id(), there);
        emit(new HostEvent.Connected(remote.id()));
        remote.emit(new HostEvent.Connected(id()));
        network.later(() -> identify(remote));
        network.later(() -> remote.identify(this));
        return here;
    }

    private void pushIdentify() {
        for (var connection : connections.values()) {
            network.later(() -> connection.remote().identify(this));
        }
    }

    private void identify(FakeHost remote) {
        if (!remote.identifies || gone || remote.gone) {
            return;
        }
        var names = new ArrayList<String>();
        remote.handlers.keySet().forEach(protocol -> names.add(protocol.name()));
        peers.identified(
                remote.id(),
                new Identification(
                        "test/1",
                        "test",
                        names,
                        remote.addresses(),
                        Optional.empty(),
                        Optional.empty()));
        emit(new HostEvent.Identified(remote.id()));
    }

    private void emit(HostEvent event) {
        listeners.forEach(queue -> queue.add(event));
    }

    @Override
    public Stream open(PeerId peer, List<ProtocolId> protocols)
            throws IOException, InterruptedException {
        return connect(new PeerInfo(peer, List.of())).open(protocols);
    }

    /** Opens our end of a stream whose other end is served by {@code remote}. */
    Stream open(FakeConnection connection, FakeHost remote, List<ProtocolId> protocols)
            throws IOException, InterruptedException {
        if (gone || remote.gone) {
            FakeNetwork.waitForever();
        }
        network.pause(2);
        for (var protocol : protocols) {
            var handler = remote.handlers.get(protocol);
            var back = remote.connections.get(id());
            if (handler != null && back != null) {
                var pair = FakeStream.pair(network, protocol, connection, back);
                remote.serve(handler, pair.getLast());
                return pair.getFirst();
            }
        }
        throw new UnsupportedProtocolException(remote.id() + " serves none of " + protocols);
    }

    private void serve(StreamHandler handler, FakeStream stream) {
        network.scheduler()
                .fork(
                        "handler",
                        () -> {
                            try {
                                handler.handle(stream);
                                stream.close();
                            } catch (StreamResetException ended) {
                                stream.reset();
                            } catch (IOException failure) {
                                failures.add(failure);
                                stream.reset();
                            } catch (InterruptedException stopped) {
                                stream.reset();
                            } catch (RuntimeException bug) {
                                bugs.add(bug);
                                stream.reset();
                            }
                        });
    }

    @Override
    public void disconnect(PeerId peer) {
        var connection = connections.remove(peer);
        if (connection != null) {
            connection.drop();
            emit(new HostEvent.Disconnected(peer));
            connection.remote().disconnect(id());
        }
    }

    @Override
    public Subscription subscribe(HostListener listener) {
        var queue = new LinkedBlockingQueue<HostEvent>();
        listeners.add(queue);
        var thread =
                network.scheduler()
                        .fork(
                                "events",
                                () -> {
                                    try {
                                        while (true) {
                                            listener.on(queue.take());
                                        }
                                    } catch (InterruptedException closed) {
                                        listeners.remove(queue);
                                    }
                                });
        return thread::interrupt;
    }

    @Override
    public HostControl control() {
        throw new UnsupportedOperationException("nobody operates a fake host");
    }

    @Override
    public void close() {
        network.remove(this);
        connections.keySet().forEach(this::disconnect);
    }
}
