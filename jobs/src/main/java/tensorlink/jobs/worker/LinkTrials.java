package tensorlink.jobs.worker;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.market.Link;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.PerfLimits;
import tensorlink.p2p.core.UnsupportedProtocolException;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/**
 * Measures how fast this worker reaches others, for validators that plan with it.
 *
 * <p>Anybody may ask, so nobody gets much traffic for asking: what is known of a peer stands for
 * {@link #AGE_MAX}, one peer is measured at a time, at most {@value #TRIALS_MAX} within {@link
 * #PERIOD}, each with a few small round trips and at most {@value #BYTES_MAX} bytes; and bytes go
 * only to a peer that has proven its id and serves them, within {@link #SERVED}. Safe for use by
 * any thread.
 */
final class LinkTrials {
    /** What a worker lets others send it to measure with; it sends nothing back. */
    static final PerfLimits SERVED = new PerfLimits(LinkTrials.BYTES_MAX, 0, 4);

    static final Duration AGE_MAX = Duration.ofMinutes(10);
    static final Duration PERIOD = Duration.ofMinutes(1);
    static final int TRIALS_MAX = 16;
    static final long BYTES_MAX = 2 << 20;

    private static final int KNOWN_MAX = 1024;
    private static final int PINGS = 3;
    private static final long FIRST_BYTES = 64 << 10;
    private static final double SECONDS_WANTED = 0.1;
    private static final double NANOS = 1e9;

    private final Party party;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<PeerId, Known> known = new LinkedHashMap<>();
    private final Deque<Instant> trials = new ArrayDeque<>();

    private record Known(Link link, Instant at) {}

    LinkTrials(Party party) {
        this.party = party;
    }

    /**
     * The link to {@code peer}, as measured now or not long ago.
     *
     * @throws JobException when too much has been measured lately
     * @throws IOException when the peer cannot be reached
     */
    Link to(PeerInfo peer) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            var now = party.scheduler().now();
            var before = known.get(peer.id());
            if (before != null && now.isBefore(before.at().plus(AGE_MAX))) {
                return before.link();
            }
            admit(now);
            var link = measure(peer);
            known.remove(peer.id());
            known.put(peer.id(), new Known(link, now));
            if (known.size() > KNOWN_MAX) {
                known.remove(known.keySet().iterator().next());
            }
            return link;
        } finally {
            lock.unlock();
        }
    }

    private void admit(Instant now) throws JobException {
        while (!trials.isEmpty() && !now.isBefore(trials.getFirst().plus(PERIOD))) {
            trials.removeFirst();
        }
        if (trials.size() >= TRIALS_MAX) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "link not measured",
                    TRIALS_MAX + " were within " + PERIOD + ", and no more are",
                    "ask later");
        }
        trials.addLast(now);
    }

    private Link measure(PeerInfo peer) throws IOException, InterruptedException {
        var host = party.host();
        host.peers().add(peer);
        double roundTrip = Double.MAX_VALUE;
        for (int ping = 0; ping < PINGS; ping++) {
            var took = Libp2p.ping(host, peer.id(), party.scheduler());
            roundTrip = Math.min(roundTrip, took.toNanos() / NANOS);
        }
        return new Link(Math.min(roundTrip / 2, Link.LATENCY_MAX), bandwidth(peer, roundTrip));
    }

    /** First little, then as much as takes a moment. */
    private double bandwidth(PeerInfo peer, double roundTrip)
            throws IOException, InterruptedException {
        try {
            double guess = bandwidth(peer, roundTrip, FIRST_BYTES);
            long more = (long) Math.min(guess * SECONDS_WANTED, BYTES_MAX);
            return more <= FIRST_BYTES ? guess : bandwidth(peer, roundTrip, more);
        } catch (UnsupportedProtocolException unmeasured) {
            return Link.ASSUMED.bandwidth();
        }
    }

    private double bandwidth(PeerInfo peer, double roundTrip, long bytes)
            throws IOException, InterruptedException {
        var took = Libp2p.perf(party.host(), peer.id(), bytes, 0, party.scheduler()).upload();
        // The last byte is known to be there a round trip after the first was sent, at best.
        double seconds = Math.max(took.toNanos() / NANOS - roundTrip, 1 / NANOS);
        return Math.min(bytes / seconds, Link.BANDWIDTH_MAX);
    }
}
