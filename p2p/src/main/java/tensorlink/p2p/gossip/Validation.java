package tensorlink.p2p.gossip;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Arrival.Outcome;

/**
 * Judges messages on as many threads at once as there are processors: first the signature, then
 * what the topic's validator says. Whoever read a message may judge it, which saves waking another
 * thread; else it waits for one of ours. What waits is bounded by {@link
 * GossipLimits#validationsMax}.
 */
final class Validation {
    private static final Logger log = LoggerFactory.getLogger(Validation.class);

    private final SignaturePolicy policy;
    private final Function<String, TopicConfig> topics;
    private final Verdicts verdicts;
    private final BlockingQueue<Arrival> waiting;
    private final List<Thread> workers = new ArrayList<>();
    private final Semaphore turns = new Semaphore(Runtime.getRuntime().availableProcessors());

    Validation(GossipConfig config, Function<String, TopicConfig> topics, Verdicts verdicts) {
        this.policy = config.signatures();
        this.topics = topics;
        this.verdicts = verdicts;
        this.waiting = new ArrayBlockingQueue<>(config.limits().validationsMax());
    }

    void start(Scheduler scheduler) {
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            workers.add(scheduler.fork("gossip validation", this::work));
        }
    }

    /** False when too many wait. */
    boolean offer(Arrival arrival) {
        return waiting.offer(arrival);
    }

    /** Whether the calling thread may judge one now; then {@link #judgeHere} must follow. */
    boolean isFree() {
        return waiting.isEmpty() && turns.tryAcquire();
    }

    void judgeHere(Arrival arrival) {
        try {
            verdicts.judged(arrival, judge(arrival));
        } finally {
            turns.release();
        }
    }

    private void work() {
        try {
            while (true) {
                var arrival = waiting.take();
                turns.acquire();
                judgeHere(arrival);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private Outcome judge(Arrival arrival) {
        var message = arrival.message();
        if (policy == SignaturePolicy.STRICT_SIGN && !message.isGenuine()) {
            return Outcome.FORGED;
        }
        try {
            return topics.apply(message.topic())
                    .validator()
                    .judge(arrival.from(), message)
                    .outcome();
        } catch (RuntimeException bug) {
            log.error("the validator of {} failed", message.topic(), bug);
            return Outcome.IGNORED;
        }
    }

    void close() {
        for (var worker : workers) {
            worker.interrupt();
        }
    }

    /** Receives verdicts. */
    @FunctionalInterface
    interface Verdicts {
        void judged(Arrival arrival, Outcome outcome);
    }
}
