package tensorlink.jobs.user;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.IntPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.jobs.job.Grid;
import tensorlink.jobs.job.Purpose;
import tensorlink.jobs.party.Party;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.peer.PeerId;

/**
 * How far the workers of a job are from their user, who alone can measure that: a ping of each, all
 * at the same time. What cannot be measured counts as nothing.
 */
public final class RoundTrips {
    private static final Logger log = LoggerFactory.getLogger(RoundTrips.class);

    private final Grid grid;
    private final List<FutureTask<Duration>> pings = new ArrayList<>();

    private RoundTrips(Grid grid) {
        this.grid = grid;
    }

    /**
     * Begins to measure.
     *
     * @param workers of all places of {@code grid}, which are connected already
     */
    public static RoundTrips begin(Party party, Grid grid, List<PeerId> workers) {
        var trips = new RoundTrips(grid);
        for (var worker : workers) {
            var ping = new FutureTask<>(() -> ping(party, worker));
            trips.pings.add(ping);
            party.scheduler().fork("ping-" + worker.shortText(), ping);
        }
        return trips;
    }

    private static Duration ping(Party party, PeerId worker) throws InterruptedException {
        try {
            return Libp2p.ping(party.host(), worker, party.scheduler());
        } catch (IOException unmeasured) {
            log.debug("no ping to {}: {}", worker.shortText(), unmeasured.getMessage());
            return Duration.ZERO;
        }
    }

    /**
     * What the user's links add to a step, when what is measured by now is all: the way of a batch
     * to the farthest first stage, and of the answer that is waited for back. That is every stage's
     * word that a step is prepared, or the last stage's token. What is sent is small.
     */
    public Duration ofStep(Purpose purpose) throws InterruptedException {
        var back =
                switch (purpose) {
                    case TRAINING -> longest(_ -> true);
                    case INFERENCE -> longest(grid::isLast);
                };
        return longest(grid::isFirst).plus(back).dividedBy(2);
    }

    private Duration longest(IntPredicate places) throws InterruptedException {
        var longest = Duration.ZERO;
        for (int place = 0; place < pings.size(); place++) {
            var ping = pings.get(place);
            if (places.test(place) && ping.isDone()) {
                var took = result(ping);
                longest = took.compareTo(longest) > 0 ? took : longest;
            }
        }
        return longest;
    }

    private static Duration result(FutureTask<Duration> ping) throws InterruptedException {
        try {
            return ping.get();
        } catch (ExecutionException failed) {
            throw new IllegalStateException("ping", failed.getCause());
        }
    }
}
