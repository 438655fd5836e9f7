package tensorlink.p2p.swarm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/** Closes now and then what {@link Trim} chooses, as long as there are connections. */
final class Trimmer {
    private static final Logger log = LoggerFactory.getLogger(Trimmer.class);

    private final Trim trim;
    private final ConnectionTable table;
    private final PeerTags tags;
    private final Limits.Trimming limits;
    private final Scheduler scheduler;
    private final AtomicBoolean isDue = new AtomicBoolean();
    private volatile boolean isClosed;

    Trimmer(
            PeerId self,
            ConnectionTable table,
            PeerTags tags,
            Limits.Trimming limits,
            Scheduler scheduler) {
        this.trim = new Trim(self, limits);
        this.table = table;
        this.tags = tags;
        this.limits = limits;
        this.scheduler = scheduler;
    }

    /** There is a new connection. */
    void wake() {
        if (!isClosed && isDue.compareAndSet(false, true)) {
            var _ = scheduler.after(limits.idle(), this::run);
        }
    }

    private void run() {
        isDue.set(false);
        var candidates = new ArrayList<Trim.Candidate<SwarmConnection>>();
        for (var connection : table.all()) {
            candidates.add(candidate(connection));
        }
        candidates.sort(Comparator.comparingLong(Trim.Candidate::openedAt));
        for (var connection : trim.choose(candidates, scheduler.nanoTime())) {
            log.debug("trimmed: {}", connection);
            connection.close();
        }
        if (!candidates.isEmpty()) {
            wake();
        }
    }

    private Trim.Candidate<SwarmConnection> candidate(SwarmConnection connection) {
        var peer = connection.remotePeer();
        return new Trim.Candidate<>(
                connection,
                peer,
                connection.direction(),
                tags.isProtected(peer),
                tags.value(peer),
                connection.streams(),
                connection.openedAt(),
                connection.lastUsedAt());
    }

    void close() {
        isClosed = true;
    }
}
