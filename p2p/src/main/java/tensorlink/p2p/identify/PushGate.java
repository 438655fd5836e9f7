package tensorlink.p2p.identify;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import tensorlink.p2p.core.Connection;

/**
 * Lets each connection push a few times in a row and then once a second. Remembers connections only
 * while they are open. Time is in nanoseconds.
 */
final class PushGate {
    private static final long SECOND = 1_000_000_000;
    private static final int AT_ONCE = 8;

    /** For each connection, until when it has used up what it may send. */
    private final Map<Connection, AtomicLong> spentUntil = new ConcurrentHashMap<>();

    void opened(Connection connection, long now) {
        spentUntil.put(connection, new AtomicLong(now));
    }

    void closed(Connection connection) {
        spentUntil.remove(connection);
    }

    boolean admit(Connection connection, long now) {
        var spent = spentUntil.get(connection);
        if (spent == null) {
            return false;
        }
        long paid = spent.updateAndGet(until -> Math.max(until, now) + SECOND);
        if (paid - now > AT_ONCE * SECOND) {
            spent.addAndGet(-SECOND);
            return false;
        }
        return true;
    }
}
