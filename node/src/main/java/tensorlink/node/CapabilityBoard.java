package tensorlink.node;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.market.Capability;
import tensorlink.jobs.message.SealException;
import tensorlink.jobs.message.Seals;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.GossipMessage;
import tensorlink.p2p.gossip.Topic;
import tensorlink.p2p.gossip.TopicConfig;
import tensorlink.p2p.gossip.TopicConfig.Verdict;
import tensorlink.p2p.peer.PeerId;

/**
 * What the network's workers say that they offer, as gossip brings it to every node that listens.
 * The more workers there are, the less often each speaks, so that all of them together do not grow
 * louder. Good for a look at the market: whoever places a job asks the workers themselves, as an
 * offer may be gone when it is read. Safe for use by any thread.
 */
final class CapabilityBoard implements AutoCloseable {
    /** Between two words of all workers together, when there are many. */
    static final Duration SHARE = Duration.ofSeconds(10);

    /** For how many of the longest intervals somebody who says nothing is believed to be there. */
    private static final int INTERVALS_KEPT = 3;

    /** What comes sooner after the last word of the same worker is not passed on. */
    static final Duration PAUSE_LEAST = Duration.ofSeconds(5);

    static final int WORKERS_MAX = 1_024;

    /** Between two looks whether anybody listens. */
    private static final Duration COMPANY_INTERVAL = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(CapabilityBoard.class);

    /** A capability on the board answers nobody's question. */
    private static final ByteString NO_QUESTION = ByteString.EMPTY;

    private final Seals seals;
    private final Profile profile;
    private final Scheduler scheduler;

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<PeerId, Said> said = new LinkedHashMap<>();

    private @Nullable Topic topic;
    private @Nullable Thread saying;

    private record Said(Capability capability, long nanos) {}

    CapabilityBoard(Seals seals, Profile profile, Scheduler scheduler) {
        this.seals = seals;
        this.profile = profile;
        this.scheduler = scheduler;
    }

    /**
     * Joins the network's topic, if this node is to hear what others offer.
     *
     * @param own what this node offers; empty when it is no worker
     */
    void start(Gossip gossip, String network, Optional<Supplier<Capability>> own) {
        var name = "/tensorlink/" + network + "/capability";
        if (profile.hearsOffers()) {
            topic = gossip.join(name, TopicConfig.defaults().withValidator(this::judge));
        }
        own.ifPresent(offer ->
                saying = scheduler.fork("capability", () -> keepSaying(gossip, name, offer)));
    }

    private void keepSaying(Gossip gossip, String name, Supplier<Capability> offer) {
        try {
            while (true) {
                // Who has just come knows nobody yet, and a word that nobody hears is lost.
                while (gossip.peers(name).isEmpty()) {
                    scheduler.sleep(COMPANY_INTERVAL);
                }
                gossip.publish(name, seals.sealCapability(offer.get(), NO_QUESTION));
                scheduler.sleep(pause());
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    /** Between two words of this worker: as long as all others take for theirs, or longer. */
    Duration pause() {
        lock.lock();
        try {
            return longer(profile.offerInterval(), SHARE.multipliedBy(said.size()));
        } finally {
            lock.unlock();
        }
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    /** Keeps what is good as it is judged: nobody else has to be told. */
    private Verdict judge(PeerId from, GossipMessage message) {
        Capability capability;
        try {
            capability = seals.openCapability(message.data(), NO_QUESTION).content();
        } catch (ProtocolViolation malformed) {
            log.debug("{} brings nonsense: {}", from.shortText(), malformed.getMessage());
            return Verdict.REJECT;
        } catch (SealException notNow) {
            return Verdict.IGNORE;
        }
        if (!message.author().equals(Optional.of(capability.worker()))) {
            return Verdict.REJECT;
        }
        return keep(capability) ? Verdict.ACCEPT : Verdict.IGNORE;
    }

    /** Returns false when the same worker has spoken just before. */
    boolean keep(Capability capability) {
        long now = scheduler.nanoTime();
        lock.lock();
        try {
            forgetTheSilent(now);
            var before = said.get(capability.worker());
            if (before != null && now - before.nanos() < PAUSE_LEAST.toNanos()) {
                return false;
            }
            said.remove(capability.worker());
            said.put(capability.worker(), new Said(capability, now));
            if (said.size() > WORKERS_MAX) {
                said.pollFirstEntry();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void forgetTheSilent(long now) {
        var pause = longer(Profile.LONGEST_OFFER_INTERVAL, SHARE.multipliedBy(said.size()));
        long kept = pause.multipliedBy(INTERVALS_KEPT).toNanos();
        said.values().removeIf(it -> now - it.nanos() > kept);
    }

    /** What others offer, as far as we have heard lately; who spoke last comes last. */
    List<Capability> offers() {
        lock.lock();
        try {
            forgetTheSilent(scheduler.nanoTime());
            var offers = new ArrayList<Capability>();
            said.values().forEach(it -> offers.add(it.capability()));
            return offers;
        } finally {
            lock.unlock();
        }
    }

    /** Says no more and leaves the topic. */
    @Override
    public void close() {
        if (saying != null) {
            saying.interrupt();
        }
        if (topic != null) {
            topic.leave();
        }
    }
}
