package tensorlink.jobs.validator;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import tensorlink.jobs.party.Directory;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerInfo;

/**
 * The network's workers, as a validator knows them. A look-up waits for whoever is silent, which
 * somebody is when a worker is to be replaced: where workers are known from before, those are taken
 * after a moment. Safe for use by any thread.
 */
final class Workforce {
    private static final int ASKED_MAX = 256;

    /** Much longer than a look-up takes where everybody answers. */
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final Directory directory;
    private final Scheduler scheduler;
    private volatile List<PeerInfo> known = List.of();

    Workforce(Directory directory, Scheduler scheduler) {
        this.directory = directory;
        this.scheduler = scheduler;
    }

    /** Whom to ask for a job. */
    List<PeerInfo> find() throws IOException, InterruptedException {
        var search =
                new FutureTask<>(() -> {
                    var found = directory.find(Directory.Role.WORKER, ASKED_MAX);
                    known = found;
                    return found;
                });
        var before = known;
        scheduler.fork("workers", search);
        var patience =
                before.isEmpty()
                        ? (Scheduler.Task) () -> {}
                        : scheduler.after(PATIENCE, () -> hurry(search));
        try {
            return search.get();
        } catch (CancellationException late) {
            return before;
        } catch (ExecutionException failed) {
            if (!(failed.getCause() instanceof IOException unknown)) {
                throw new IllegalStateException("looking for workers", failed.getCause());
            }
            if (before.isEmpty()) {
                throw unknown;
            }
            return before;
        } finally {
            patience.cancel();
        }
    }

    /** Nobody waits any more for the search, which goes on for the next who asks. */
    private static void hurry(FutureTask<?> search) {
        search.cancel(false);
    }
}
