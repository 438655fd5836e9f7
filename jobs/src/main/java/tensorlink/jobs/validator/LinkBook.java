package tensorlink.jobs.validator;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.market.Link;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The links between workers, as these measured them when they were asked; each counts both ways.
 * One that could not be measured is assumed to be as most are, and asked for again soon. Safe for
 * use by any thread.
 */
final class LinkBook {
    static final Duration AGE_MAX = Duration.ofMinutes(10);
    static final Duration RETRY = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(LinkBook.class);
    private static final int LINKS_MAX = 10_000;

    private final Party party;
    private final Asker asker;
    private final JobLimits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Set<PeerId>, Known> known = new LinkedHashMap<>();

    /** Two neighbours. */
    record Pair(PeerInfo before, PeerInfo worker) {}

    private record Known(Link link, Instant until) {}

    LinkBook(Party party, Asker asker, JobLimits limits) {
        this.party = party;
        this.asker = asker;
        this.limits = limits;
    }

    /** The link between two workers. */
    Link between(PeerId from, PeerId to) {
        var link = find(from, to);
        return link == null ? Link.ASSUMED : link;
    }

    /**
     * Has the links of neighbours measured that are not known, all at the same time; whoever cannot
     * be dialled is asked himself.
     *
     * @param pairs of whom the first sends to the second
     * @param undialled nodes that only dial
     * @return whether anything was learnt
     */
    boolean learn(List<Pair> pairs, Set<PeerId> undialled) throws InterruptedException {
        var asking = new ArrayList<Thread>();
        for (var pair : pairs) {
            var before = pair.before();
            var worker = pair.worker();
            if (find(before.id(), worker.id()) == null) {
                boolean turned = undialled.contains(worker.id());
                var from = turned ? worker : before;
                var to = turned ? before : worker;
                asking.add(
                        party.scheduler()
                                .fork("link-" + from.id().shortText(), () -> measure(from, to)));
            }
        }
        for (var thread : asking) {
            thread.join();
        }
        return !asking.isEmpty();
    }

    private void measure(PeerInfo from, PeerInfo to) {
        var link = Link.ASSUMED;
        var age = RETRY;
        try {
            link =
                    asker.ask(
                                    from.id(),
                                    new Question.MeasureLink(to),
                                    limits.capabilityTimeout(),
                                    Answer.LinkTold.class)
                            .link();
            age = AGE_MAX;
        } catch (IOException unmeasured) {
            log.debug(
                    "link from {} to {}: {}",
                    from.id().shortText(),
                    to.id().shortText(),
                    unmeasured.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return;
        }
        note(Set.of(from.id(), to.id()), new Known(link, party.scheduler().now().plus(age)));
    }

    private void note(Set<PeerId> pair, Known measured) {
        lock.lock();
        try {
            known.remove(pair);
            known.put(pair, measured);
            if (known.size() > LINKS_MAX) {
                known.remove(known.keySet().iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Link find(PeerId from, PeerId to) {
        lock.lock();
        try {
            var measured = known.get(Set.of(from, to));
            return measured == null || !party.scheduler().now().isBefore(measured.until())
                    ? null
                    : measured.link();
        } finally {
            lock.unlock();
        }
    }
}
