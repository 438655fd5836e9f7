package tensorlink.p2p.swarm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import tensorlink.p2p.core.Connection.Direction;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.peer.PeerId;

/**
 * Decides which connections to close. Of several to one peer the surplus ones go once they are
 * idle: both sides keep the one that the peer with the smaller id dialled, so that they never close
 * each other's last. When there are more than the high mark, the idle go first, then those of the
 * lowest value, those that others dialled, and the youngest, until the low mark is reached. New
 * connections and those of protected peers stay.
 */
final class Trim {
    private final PeerId self;
    private final Limits.Trimming limits;

    Trim(PeerId self, Limits.Trimming limits) {
        this.self = self;
        this.limits = limits;
    }

    /**
     * What to close, in order.
     *
     * @param all every open connection, oldest first
     * @param now in nanoseconds
     */
    <C> List<C> choose(List<Candidate<C>> all, long now) {
        var chosen = new ArrayList<>(surplus(all, now));
        if (all.size() - chosen.size() <= limits.high()) {
            return connections(chosen);
        }
        var taken = new HashSet<>(chosen);
        var candidates = new ArrayList<Candidate<C>>();
        for (int i = all.size() - 1; i >= 0; i--) {
            var candidate = all.get(i);
            if (!taken.contains(candidate) && mayGo(candidate, now)) {
                candidates.add(candidate);
            }
        }
        Comparator<Candidate<C>> order =
                Comparator.comparingInt((Candidate<C> it) -> Math.min(it.streams(), 1))
                        .thenComparingInt(Candidate::value)
                        .thenComparing(Candidate::direction);
        candidates.sort(order);
        int excess = all.size() - chosen.size() - limits.low();
        chosen.addAll(candidates.subList(0, Math.min(excess, candidates.size())));
        return connections(chosen);
    }

    private <C> List<Candidate<C>> surplus(List<Candidate<C>> all, long now) {
        var best = new HashMap<PeerId, Candidate<C>>();
        for (var candidate : all) {
            best.merge(
                    candidate.peer(),
                    candidate,
                    (kept, next) -> !isPreferred(kept) && isPreferred(next) ? next : kept);
        }
        var surplus = new ArrayList<Candidate<C>>();
        for (var candidate : all) {
            boolean isIdle =
                    candidate.streams() == 0
                            && now - candidate.lastUsedAt() >= limits.idle().toNanos();
            boolean isBest = candidate.equals(best.get(candidate.peer()));
            if (!isBest && isIdle && !isNew(candidate, now)) {
                surplus.add(candidate);
            }
        }
        return surplus;
    }

    private boolean isPreferred(Candidate<?> candidate) {
        boolean isOurs = candidate.direction() == Direction.OUTBOUND;
        return isOurs == (self.toString().compareTo(candidate.peer().toString()) < 0);
    }

    private boolean mayGo(Candidate<?> candidate, long now) {
        return !candidate.isProtected() && !isNew(candidate, now);
    }

    private boolean isNew(Candidate<?> candidate, long now) {
        return now - candidate.openedAt() < limits.grace().toNanos();
    }

    private static <C> List<C> connections(List<Candidate<C>> candidates) {
        var connections = new ArrayList<C>();
        for (var candidate : candidates) {
            connections.add(candidate.connection());
        }
        return connections;
    }

    /**
     * A connection and what speaks for it.
     *
     * @param value the sum of the peer's tags
     * @param openedAt in nanoseconds
     * @param lastUsedAt when its last stream ended, in nanoseconds
     */
    record Candidate<C>(
            C connection,
            PeerId peer,
            Direction direction,
            boolean isProtected,
            int value,
            int streams,
            long openedAt,
            long lastUsedAt) {}
}
