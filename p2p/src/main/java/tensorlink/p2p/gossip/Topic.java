package tensorlink.p2p.gossip;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.peer.PeerId;

/** A topic that we joined. Safe for use by any thread. */
public final class Topic implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Topic.class);

    private final String name;
    private final TopicConfig config;
    private final Gossip gossip;
    private final Scheduler scheduler;
    private final int deliveriesMax;
    private final Map<Subscriber, Thread> subscribers = new ConcurrentHashMap<>();

    Topic(String name, TopicConfig config, Gossip gossip, GossipConfig shared) {
        this.name = name;
        this.config = config;
        this.gossip = gossip;
        this.scheduler = shared.scheduler();
        this.deliveriesMax = shared.limits().deliveriesMax();
    }

    public String name() {
        return name;
    }

    /**
     * Sends {@code data} to everybody who joined the topic; our own subscribers do not get it.
     *
     * @return to how many peers it goes first; 0 when nobody is there to hear it
     * @throws IllegalArgumentException when it is too long for an RPC
     */
    public int publish(ByteString data) {
        return gossip.publish(name, data);
    }

    /**
     * Calls {@code handler} with each message that others publish, once, on a virtual thread of its
     * own and in the order in which they were judged. Who falls {@link GossipLimits#deliveriesMax}
     * messages behind misses those that come then.
     */
    public Subscription subscribe(Handler handler) {
        var subscriber = new Subscriber(handler);
        var thread = scheduler.fork("gossip " + name, subscriber::run);
        subscribers.put(subscriber, thread);
        return () -> {
            subscribers.remove(subscriber);
            thread.interrupt();
        };
    }

    void deliver(GossipMessage message) {
        for (var subscriber : subscribers.keySet()) {
            if (!subscriber.waiting.offer(message)) {
                log.debug("a subscriber of {} is too slow and misses a message", name);
            }
        }
    }

    /** Who is known to have joined. */
    public List<PeerId> peers() {
        return gossip.peers(name);
    }

    /** With whom messages are exchanged directly. */
    public List<PeerId> mesh() {
        return gossip.mesh(name);
    }

    /** Ends all subscriptions and tells the peers; idempotent. */
    public void leave() {
        gossip.leave(this);
        subscribers.values().forEach(Thread::interrupt);
        subscribers.clear();
    }

    /** The same as {@link #leave}. */
    @Override
    public void close() {
        leave();
    }

    TopicConfig config() {
        return config;
    }

    /** Receives messages. */
    @FunctionalInterface
    public interface Handler {
        void on(GossipMessage message);
    }

    private final class Subscriber {
        private final Handler handler;
        private final BlockingQueue<GossipMessage> waiting =
                new ArrayBlockingQueue<>(deliveriesMax);

        Subscriber(Handler handler) {
            this.handler = handler;
        }

        void run() {
            try {
                while (true) {
                    handle(waiting.take());
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }

        private void handle(GossipMessage message) {
            try {
                handler.on(message);
            } catch (RuntimeException bug) {
                log.error("a subscriber of {} failed", name, bug);
            }
        }
    }
}
