package tensorlink.testnet.sim.gossip;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Virtual time: what is due runs in order of time, and of planning where the time is the same. */
final class EventQueue {
    private final PriorityQueue<Event> queue =
            new PriorityQueue<>(
                    Comparator.comparingLong(Event::at).thenComparingLong(Event::order));
    private long now;
    private long count;

    /** Nanoseconds since the start. */
    long now() {
        return now;
    }

    /** How many events were planned so far. */
    long count() {
        return count;
    }

    void at(long time, Runnable event) {
        queue.add(new Event(Math.max(time, now), count++, event));
    }

    void runUntil(long end) {
        while (!queue.isEmpty() && queue.element().at <= end) {
            var next = queue.remove();
            now = next.at;
            next.run.run();
        }
        now = end;
    }

    private record Event(long at, long order, Runnable run) {}
}
