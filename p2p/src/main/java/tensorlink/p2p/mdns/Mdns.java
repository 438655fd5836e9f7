package tensorlink.p2p.mdns;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.p2p.peer.PreSharedKey;

/**
 * Finds peers on the local network, and is found there: asks who is there, at ever longer
 * intervals, and answers who asks. It dials nobody; whom it has heard of is the caller's to
 * believe.
 *
 * <p>One thread reads, one asks. Whatever is sent to us, we answer once a second at most, look at
 * no more than {@value #PACKETS_PER_SECOND_MAX} packets a second, and remember {@value #PEERS_MAX}
 * peers, those heard last. Safe for use by any thread.
 */
public final class Mdns implements AutoCloseable {
    static final int PACKETS_PER_SECOND_MAX = 50;
    static final int PEERS_MAX = 32;
    static final Duration ANSWER_INTERVAL = Duration.ofSeconds(1);
    static final Duration QUESTION_INTERVAL_MAX = Duration.ofMinutes(1);

    /** Who has not been heard for so long is forgotten. */
    static final Duration MEMORY = Duration.ofMinutes(3);

    private static final Logger log = LoggerFactory.getLogger(Mdns.class);
    private static final int TIME_TO_LIVE_SECONDS = 120;

    /** RFC 6762, section 6: so that not all answer in the same moment. */
    private static final int ANSWER_DELAY_MILLIS_MIN = 20;

    private static final int ANSWER_DELAY_MILLIS_MAX = 120;

    private final Supplier<PeerInfo> self;
    private final Lan lan;
    private final Discovery discovery;
    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final Runnable news;
    private final List<Thread> threads = new ArrayList<>();

    private volatile boolean isClosed;

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<PeerId, Heard> heard = new LinkedHashMap<>();

    private record Heard(PeerInfo peer, long nanos) {}

    private Mdns(
            Supplier<PeerInfo> self,
            Lan lan,
            Discovery discovery,
            Scheduler scheduler,
            Runnable news) {
        this.self = self;
        this.lan = lan;
        this.discovery = discovery;
        this.scheduler = scheduler;
        this.random = RandomGenerator.getDefault();
        this.news = news;
    }

    /**
     * Begins to ask and to answer.
     *
     * @param key of the private network that {@code host} is in, if it is
     * @param news called whenever somebody new is heard
     * @throws IOException when this machine has no network for it
     */
    public static Mdns start(
            Host host, Optional<PreSharedKey> key, Scheduler scheduler, Runnable news)
            throws IOException {
        var lan = MulticastLan.open();
        var discovery = new Discovery(key, lan::isNear, RandomGenerator.getDefault());
        return start(host::info, lan, discovery, scheduler, news);
    }

    static Mdns start(
            Supplier<PeerInfo> self,
            Lan lan,
            Discovery discovery,
            Scheduler scheduler,
            Runnable news) {
        var mdns = new Mdns(self, lan, discovery, scheduler, news);
        mdns.threads.add(scheduler.fork("mdns read", mdns::read));
        mdns.threads.add(scheduler.fork("mdns ask", mdns::ask));
        return mdns;
    }

    /** Who is there, as far as we have heard lately. */
    public List<PeerInfo> peers() {
        lock.lock();
        try {
            forgetTheSilent();
            var peers = new ArrayList<PeerInfo>();
            heard.sequencedValues().reversed().forEach(it -> peers.add(it.peer()));
            return peers;
        } finally {
            lock.unlock();
        }
    }

    private void forgetTheSilent() {
        long limit = scheduler.nanoTime() - MEMORY.toNanos();
        heard.values().removeIf(it -> it.nanos() - limit < 0);
    }

    private void ask() {
        var pause = ANSWER_INTERVAL;
        try {
            while (true) {
                send(() -> lan.send(discovery.question().encode(TIME_TO_LIVE_SECONDS)));
                scheduler.sleep(pause);
                var doubled = pause.multipliedBy(2);
                pause =
                        doubled.compareTo(QUESTION_INTERVAL_MAX) < 0
                                ? doubled
                                : QUESTION_INTERVAL_MAX;
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        long second = scheduler.nanoTime();
        long answered = second - ANSWER_INTERVAL.toNanos();
        int packets = 0;
        try {
            while (true) {
                var packet = lan.receive();
                long now = scheduler.nanoTime();
                if (now - second >= Duration.ofSeconds(1).toNanos()) {
                    second = now;
                    packets = 0;
                }
                if (++packets > PACKETS_PER_SECOND_MAX) {
                    continue;
                }
                boolean mayAnswer = now - answered >= ANSWER_INTERVAL.toNanos();
                if (take(packet, mayAnswer)) {
                    answered = now;
                }
            }
        } catch (IOException ended) {
            log.debug("no longer listens on the local network: {}", ended.getMessage());
        }
    }

    /** Returns whether it is answered. */
    private boolean take(Lan.Packet packet, boolean mayAnswer) {
        DnsMessage message;
        try {
            message = DnsMessage.decode(packet.content());
        } catch (ProtocolViolation malformed) {
            log.trace("from {}: {}", packet.from(), malformed.getMessage());
            return false;
        }
        if (message.isAnswer()) {
            // RFC 6762, section 6: others come from beyond the local network.
            if (packet.from().getPort() == MulticastLan.PORT
                    && lan.isNear(packet.from().getAddress())) {
                discovery.heard(message).forEach(this::heard);
            }
            return false;
        }
        var answer = discovery.answer(message, self.get());
        if (answer.isEmpty() || !mayAnswer) {
            return false;
        }
        var content = answer.get().encode(TIME_TO_LIVE_SECONDS);
        // One that asks from another port than everybody's hears only what is sent to it.
        boolean isSimple = packet.from().getPort() != MulticastLan.PORT;
        int delay = random.nextInt(ANSWER_DELAY_MILLIS_MIN, ANSWER_DELAY_MILLIS_MAX);
        var _ =
                scheduler.after(
                        Duration.ofMillis(delay),
                        () ->
                                send(() -> {
                                    if (isSimple) {
                                        lan.send(content, packet.from());
                                    } else {
                                        lan.send(content);
                                    }
                                }));
        return true;
    }

    private void heard(PeerInfo peer) {
        if (peer.id().equals(self.get().id())) {
            return;
        }
        boolean isNew;
        lock.lock();
        try {
            forgetTheSilent();
            isNew = heard.remove(peer.id()) == null;
            heard.put(peer.id(), new Heard(peer, scheduler.nanoTime()));
            if (heard.size() > PEERS_MAX) {
                heard.pollFirstEntry();
            }
        } finally {
            lock.unlock();
        }
        if (isNew) {
            log.debug("{} is on the local network", peer.id().shortText());
            news.run();
        }
    }

    private interface Sending {
        void run() throws IOException;
    }

    private void send(Sending sending) {
        if (isClosed) {
            return;
        }
        try {
            sending.run();
        } catch (IOException failure) {
            log.debug("cannot send on the local network: {}", failure.getMessage());
        }
    }

    /** Asks and answers no longer; idempotent. */
    @Override
    public void close() {
        isClosed = true;
        lan.close();
        threads.forEach(Thread::interrupt);
    }
}
