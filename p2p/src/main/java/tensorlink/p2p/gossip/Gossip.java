package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.io.EOFException;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.HostEvent;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.gossip.Arrival.Outcome;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;

/**
 * Publish and subscribe over a host's streams: the entry point. Safe for use by any thread.
 *
 * <p>The {@link GossipRouter} is guarded by one lock. Whoever has news for it takes the lock, lets
 * it decide and puts the actions into queues, none of which block: one {@link OutboundQueue} per
 * peer, emptied by a thread that writes; the {@link Validation}; a queue per subscriber. A reader
 * thus reads no faster than the router decides, which is what holds a fast peer back.
 *
 * <p>Each side opens one stream and only writes to it. Who cannot be written to is no neighbour, so
 * a stream that comes in waits until ours is open.
 */
public final class Gossip implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Gossip.class);
    private static final Duration LINK_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

    /** Tag, length and the RPC's own length around a message. */
    private static final int FRAMING_BYTES = 8;

    private final Host host;
    private final KeyPair key;
    private final GossipConfig config;
    private final Scheduler scheduler;
    private final RpcCodec codec;
    private final Validation validation;
    private final PeerExchange exchange;
    private final AtomicLong sequence;
    private final Map<String, Topic> topics = new ConcurrentHashMap<>();
    private final List<Thread> threads = new ArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition linked = lock.newCondition();
    private final GossipRouter router;
    private final Map<PeerId, Link> links = new HashMap<>();
    private final Set<PeerId> linking = new HashSet<>();
    private @Nullable Subscription events;
    private boolean isClosed;

    private Gossip(Host host, KeyPair key, GossipConfig config) {
        this.host = host;
        this.key = key;
        this.config = config;
        this.scheduler = config.scheduler();
        this.codec = new RpcCodec(config.signatures(), config.limits());
        this.validation = new Validation(config, this::topicConfig, this::judged);
        this.exchange = new PeerExchange(host, scheduler);
        this.sequence = new AtomicLong(nanos(scheduler.now()));
        this.router =
                new GossipRouter(
                        host.id(),
                        config,
                        exchange::record,
                        new SplittableRandom(new SecureRandom().nextLong()));
    }

    private static long nanos(Instant now) {
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    /**
     * Serves gossip on {@code host} until closed, which should be before the host is.
     *
     * @param key the host's own, to sign what is published
     * @throws IllegalArgumentException when {@code key} is another's
     */
    public static Gossip start(Host host, KeyPair key, GossipConfig config) {
        if (!key.peerId().equals(host.id())) {
            throw new IllegalArgumentException(key + " is not the key of " + host.id());
        }
        var gossip = new Gossip(host, key, config);
        gossip.start();
        return gossip;
    }

    private void start() {
        validation.start(scheduler);
        for (var protocol : Dialect.protocols()) {
            host.handle(protocol, this::read);
        }
        events = host.subscribe(this::on);
        for (var connection : host.connections()) {
            link(connection.remotePeer());
        }
        threads.add(scheduler.fork("gossip heartbeat", this::beat));
    }

    // Topics.

    /**
     * Joins a topic: messages on it come in, are judged, delivered and passed on.
     *
     * @throws IllegalStateException when it is joined already
     * @throws IllegalArgumentException when the name is empty or too long
     */
    public Topic join(String name, TopicConfig topicConfig) {
        int size = ByteString.copyFromUtf8(name).size();
        if (size == 0 || size > config.limits().topicBytesMax()) {
            throw new IllegalArgumentException(
                    "topic of " + size + " bytes, limit " + config.limits().topicBytesMax());
        }
        var topic = new Topic(name, topicConfig, this, config);
        if (topics.putIfAbsent(name, topic) != null) {
            throw new IllegalStateException("topic " + name + " is joined already");
        }
        step(it -> it.join(name, topicConfig, scheduler.nanoTime()));
        return topic;
    }

    void leave(Topic topic) {
        if (topics.remove(topic.name(), topic)) {
            step(it -> it.leave(topic.name(), scheduler.nanoTime()));
        }
    }

    /**
     * Publishes on a topic that need not be joined.
     *
     * @return to how many peers it goes first
     * @throws IllegalArgumentException when it is too long for an RPC
     */
    public int publish(String topic, ByteString data) {
        var message =
                switch (config.signatures()) {
                    case STRICT_SIGN ->
                            GossipMessage.signed(key, sequence.getAndIncrement(), topic, data);
                    case STRICT_NO_SIGN -> GossipMessage.unsigned(topic, data);
                };
        int max = config.limits().rpcBytesMax() - FRAMING_BYTES;
        if (message.size() > max) {
            throw new IllegalArgumentException(
                    "message of " + message.size() + " bytes, limit " + max);
        }
        return step(it -> it.publish(message, scheduler.nanoTime()));
    }

    /** Who is known to have joined {@code topic}. */
    public List<PeerId> peers(String topic) {
        return look(it -> it.peers(topic));
    }

    /** With whom messages on {@code topic} are exchanged directly. */
    public List<PeerId> mesh(String topic) {
        return look(it -> it.mesh(topic));
    }

    /** How each connected peer that speaks gossip is judged. */
    public Map<PeerId, ScoreReport> scores() {
        return look(GossipRouter::scores);
    }

    private TopicConfig topicConfig(String topic) {
        var joined = topics.get(topic);
        return joined == null ? TopicConfig.defaults() : joined.config();
    }

    // Links.

    private void on(HostEvent event) {
        switch (event) {
            case HostEvent.Connected(PeerId peer) -> link(peer);
            case HostEvent.Identified(PeerId peer) -> link(peer);
            case HostEvent.Disconnected _ -> closeDead();
            case HostEvent.ReachabilityChanged _ -> {}
        }
    }

    /** Links of lost connections end here: their threads wait for something to send. */
    private void closeDead() {
        lock.lock();
        try {
            for (var link : links.values()) {
                if (!link.connection().isOpen()) {
                    link.close();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Sees to it that we can write to {@code peer}; does not block. */
    private void link(PeerId peer) {
        lock.lock();
        try {
            if (!isClosed && !links.containsKey(peer) && linking.add(peer)) {
                var _ = scheduler.fork("gossip link", () -> run(peer));
            }
        } finally {
            lock.unlock();
        }
    }

    private void run(PeerId peer) {
        boolean mayRetry = false;
        try {
            var connection = connectionTo(peer);
            if (connection.isPresent()) {
                mayRetry = true;
                write(peer, connection.get());
            }
        } catch (UnsupportedProtocolException reticent) {
            mayRetry = false;
        } catch (IOException failure) {
            log.debug("the link to {} failed: {}", peer.shortText(), failure.getMessage());
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } finally {
            unlink(peer);
        }
        if (mayRetry && connectionTo(peer).isPresent()) {
            var _ = scheduler.after(RETRY_DELAY, () -> link(peer));
        }
    }

    private Optional<Connection> connectionTo(PeerId peer) {
        return host.connections().stream()
                .filter(it -> it.remotePeer().equals(peer) && it.isOpen())
                .findFirst();
    }

    private void write(PeerId peer, Connection connection)
            throws IOException, InterruptedException {
        try (var stream = connection.open(Dialect.protocols())) {
            var link = new Link(stream, config.limits());
            if (register(peer, link)) {
                var _ = scheduler.fork("gossip link end", () -> closeAtEnd(link));
                link.run(codec);
            }
        }
    }

    private void closeAtEnd(Link link) {
        try {
            link.awaitEnd();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
        lock.lock();
        try {
            link.close();
        } finally {
            lock.unlock();
        }
    }

    private boolean register(PeerId peer, Link link) {
        lock.lock();
        try {
            if (!isClosed) {
                links.put(peer, link);
                linked.signalAll();
                var connection = link.connection();
                perform(
                        router.connected(
                                peer,
                                link.dialect(),
                                connection.direction() == Direction.OUTBOUND,
                                Link.address(connection.remoteAddress())));
            }
            return !isClosed;
        } finally {
            lock.unlock();
        }
    }

    private void unlink(PeerId peer) {
        lock.lock();
        try {
            linking.remove(peer);
            var link = links.remove(peer);
            if (link != null) {
                link.close();
                perform(router.disconnected(peer, scheduler.nanoTime()));
            }
            linked.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // What comes in.

    private void read(Stream stream) throws IOException, InterruptedException {
        var peer = stream.connection().remotePeer();
        link(peer);
        awaitLink(peer, stream);
        int max = config.limits().rpcBytesMax();
        try {
            for (var next = stream.nextMessage(max);
                    next.isPresent();
                    next = stream.nextMessage(max)) {
                take(peer, next.get());
            }
        } catch (ProtocolViolation violation) {
            refuse(peer, violation);
            throw violation;
        }
    }

    private void awaitLink(PeerId peer, Stream stream) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = LINK_TIMEOUT.toNanos();
            while (!links.containsKey(peer)) {
                if (left <= 0 || isClosed || !linking.contains(peer)) {
                    throw new EOFException("cannot write to " + peer.shortText());
                }
                left = linked.awaitNanos(left);
            }
            var link = links.get(peer);
            if (link != null) {
                link.replaceInbound(stream);
            }
        } finally {
            lock.unlock();
        }
    }

    private void take(PeerId peer, ByteString bytes) {
        if (look(it -> it.listensTo(peer))) {
            try {
                received(peer, codec.decode(bytes)).ifPresent(validation::judgeHere);
            } catch (ProtocolViolation violation) {
                refuse(peer, violation);
            }
        }
    }

    /** Returns a lone message that the calling thread shall judge. */
    private Optional<Arrival> received(PeerId peer, Rpc rpc) {
        lock.lock();
        try {
            var actions = new ArrayList<>(router.received(peer, rpc, scheduler.nanoTime()));
            var lone = loneArrival(actions).filter(_ -> validation.isFree());
            lone.ifPresent(arrival -> actions.remove(new Action.Judge(arrival)));
            perform(actions);
            return lone;
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Arrival> loneArrival(List<Action> actions) {
        Optional<Arrival> lone = Optional.empty();
        for (var action : actions) {
            if (action instanceof Action.Judge(Arrival arrival)) {
                if (lone.isPresent()) {
                    return Optional.empty();
                }
                lone = Optional.of(arrival);
            }
        }
        return lone;
    }

    private void refuse(PeerId peer, ProtocolViolation violation) {
        log.debug("{} is refused: {}", peer.shortText(), violation.getMessage());
        step(it -> {
            it.refused(peer);
            return List.of();
        });
    }

    private void judged(Arrival arrival, Outcome outcome) {
        step(it -> it.judged(arrival, outcome, scheduler.nanoTime()));
    }

    private void beat() {
        try {
            scheduler.sleep(config.mesh().firstHeartbeat());
            while (true) {
                step(it -> it.heartbeat(scheduler.nanoTime()));
                closeDead();
                scheduler.sleep(config.mesh().heartbeat());
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    // The router.

    private <T> T look(Function<GossipRouter, T> question) {
        lock.lock();
        try {
            return question.apply(router);
        } finally {
            lock.unlock();
        }
    }

    /** Has the router decide and its decisions done; returns to how many peers something goes. */
    private int step(Function<GossipRouter, List<Action>> news) {
        lock.lock();
        try {
            return perform(news.apply(router));
        } finally {
            lock.unlock();
        }
    }

    private int perform(List<Action> actions) {
        int count = 0;
        for (var action : actions) {
            switch (action) {
                case Action.Send(PeerId peer, Rpc rpc, boolean isOwn) -> {
                    var link = links.get(peer);
                    if (link != null) {
                        link.send(rpc, isOwn);
                        count++;
                    }
                }
                case Action.Judge(Arrival arrival) -> {
                    if (!validation.offer(arrival)) {
                        perform(router.judged(arrival, Outcome.OVERLOOKED, scheduler.nanoTime()));
                    }
                }
                case Action.Deliver(GossipMessage message) -> {
                    var topic = topics.get(message.topic());
                    if (topic != null) {
                        topic.deliver(message);
                    }
                }
                case Action.Connect(PeerId peer, ByteString record) ->
                        exchange.connect(peer, record);
            }
        }
        return count;
    }

    /** Stops serving, drops what waits and ends all subscriptions; idempotent. */
    @Override
    public void close() {
        for (var topic : topics.values()) {
            topic.leave();
        }
        for (var protocol : Dialect.protocols()) {
            host.unhandle(protocol);
        }
        if (events != null) {
            events.close();
        }
        threads.forEach(Thread::interrupt);
        validation.close();
        lock.lock();
        try {
            isClosed = true;
            links.values().forEach(Link::close);
            linked.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
