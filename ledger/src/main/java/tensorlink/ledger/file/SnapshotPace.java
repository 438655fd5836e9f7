package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says when a snapshot is due and keeps it, one at a time. A snapshot that cannot be written is no
 * harm: the log has all of it, and the next one is tried after as many records. Safe for use by any
 * thread.
 */
final class SnapshotPace {
    private static final Logger log = LoggerFactory.getLogger(SnapshotPace.class);

    private final Storage storage;
    private final Records.Genesis genesis;
    private final int every;
    private final AtomicInteger last;
    private final AtomicBoolean busy = new AtomicBoolean();

    /**
     * @param every after how many records; 0 for never
     * @param last how many records the snapshot covers that is there
     */
    SnapshotPace(Storage storage, Records.Genesis genesis, int every, int last) {
        this.storage = storage;
        this.genesis = genesis;
        this.every = every;
        this.last = new AtomicInteger(last);
    }

    /** Whether the caller is to take one now, and then say that it is {@link #done}. */
    boolean isDue(int size) {
        if (every == 0 || size - last.get() < every || !busy.compareAndSet(false, true)) {
            return false;
        }
        if (size - last.get() < every) {
            busy.set(false);
            return false;
        }
        return true;
    }

    ByteString copy(HashLog.Place place, LedgerState state) {
        return Snapshot.write(genesis, place, state);
    }

    /** Writes a snapshot of the first {@code size} records, all of which are durable. */
    void keep(int size, ByteString snapshot) {
        last.set(size);
        try {
            storage.keep(snapshot);
        } catch (IOException e) {
            log.warn("{}: no snapshot written: {}", storage.name(), e.getMessage());
        }
    }

    void done() {
        busy.set(false);
    }
}
