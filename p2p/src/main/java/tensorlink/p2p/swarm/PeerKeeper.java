package tensorlink.p2p.swarm;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerStore;

/** Keeps a peer store over restarts: writes it now and then, and at the end. */
final class PeerKeeper {
    private static final Logger log = LoggerFactory.getLogger(PeerKeeper.class);
    private static final Duration PAUSE = Duration.ofMinutes(10);

    private final PeerStore peers;
    private final Path file;
    private final Scheduler scheduler;
    private volatile boolean isClosed;
    private volatile Scheduler.@Nullable Task next;

    PeerKeeper(PeerStore peers, Path file, Scheduler scheduler) {
        this.peers = peers;
        this.file = file;
        this.scheduler = scheduler;
    }

    /** A damaged file is no reason not to start; it will be replaced. */
    void start() {
        try {
            log.info("{} peers are known from {}", peers.load(file), file);
        } catch (IOException damaged) {
            log.warn("starting without known peers: {}", damaged.getMessage());
        }
        schedule();
    }

    private void schedule() {
        next =
                scheduler.after(
                        PAUSE,
                        () -> {
                            save();
                            if (!isClosed) {
                                schedule();
                            }
                        });
    }

    private void save() {
        try {
            peers.save(file);
        } catch (IOException failure) {
            log.warn("known peers cannot be written to {}: {}", file, failure.getMessage());
        }
    }

    void close() {
        isClosed = true;
        var pending = next;
        if (pending != null) {
            pending.cancel();
        }
        save();
    }
}
