package tensorlink.p2p.trace;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.PeerId;

/**
 * What the layers of one connection report to. Until it is known who the peer is, the first events
 * are kept; then they go to those who are interested in that peer, and the trace of anybody else is
 * off for good. Safe for use by any thread.
 */
public final class ConnectionTrace {
    /** The trace of a connection in which nobody is interested. */
    public static final ConnectionTrace OFF = new ConnectionTrace();

    /** An upgrade has fewer. */
    private static final int KEPT_MAX = 64;

    private static final double NANOS_PER_MILLI = 1e6;

    private final long number;
    private final long startedAt;
    private final Scheduler scheduler;
    private final Function<PeerId, List<TraceSink>> interested;

    private final ReentrantLock lock = new ReentrantLock();
    private final List<String> kept = new ArrayList<>();
    private List<TraceSink> sinks = List.of();
    private boolean isDecided;
    private volatile boolean isOn;

    ConnectionTrace(
            long number, Scheduler scheduler, Function<PeerId, List<TraceSink>> interested) {
        this.number = number;
        this.scheduler = scheduler;
        this.startedAt = scheduler.nanoTime();
        this.interested = interested;
        this.isOn = true;
    }

    private ConnectionTrace() {
        number = 0;
        scheduler = Scheduler.system();
        startedAt = 0;
        interested = _ -> List.of();
    }

    /** Whether events are of any use; ask before collecting data for one. */
    public boolean isOn() {
        return isOn;
    }

    /** Something happened. */
    public void event(String name) {
        event(name, Map.of());
    }

    /**
     * Something happened.
     *
     * @param data text, numbers and truth values by name; written in alphabetical order
     */
    public void event(String name, Map<String, ?> data) {
        if (!isOn) {
            return;
        }
        var members = new LinkedHashMap<String, Object>();
        members.put("time", (scheduler.nanoTime() - startedAt) / NANOS_PER_MILLI);
        members.put("name", name);
        members.put("group_id", Long.toString(number));
        members.put("data", new TreeMap<>(data));
        var line = Json.line(members);
        lock.lock();
        try {
            if (!isDecided) {
                if (kept.size() < KEPT_MAX) {
                    kept.add(line);
                }
                return;
            }
            for (var sink : sinks) {
                sink.write(line);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The other side is {@code peer}; with this it is decided whether anybody wants to know. */
    public void peer(PeerId peer) {
        if (!isOn) {
            return;
        }
        lock.lock();
        try {
            if (isDecided) {
                return;
            }
            isDecided = true;
            sinks = interested.apply(peer);
            isOn = !sinks.isEmpty();
            for (var sink : sinks) {
                kept.forEach(sink::write);
            }
            kept.clear();
        } finally {
            lock.unlock();
        }
    }
}
