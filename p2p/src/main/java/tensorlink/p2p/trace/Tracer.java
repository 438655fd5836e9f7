package tensorlink.p2p.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.peer.PeerId;

/** The traces of a host. Safe for use by any thread. */
public final class Tracer {
    private final Limits.Tracing limits;
    private final Scheduler scheduler;
    private final List<TraceSink> sinks = new CopyOnWriteArrayList<>();
    private final AtomicLong numbers = new AtomicLong();

    public Tracer(Limits.Tracing limits, Scheduler scheduler) {
        this.limits = limits;
        this.scheduler = scheduler;
    }

    /** Writes what happens on later connections with {@code whom} to {@code output}. */
    public Subscription add(Predicate<PeerId> whom, Appendable output) {
        var added = new TraceSink(whom, output, limits, sinks::remove);
        sinks.add(added);
        added.start(scheduler);
        return added;
    }

    /** The trace of a connection that begins now; off when nobody is interested in any. */
    public ConnectionTrace begin() {
        return sinks.isEmpty()
                ? ConnectionTrace.OFF
                : new ConnectionTrace(numbers.incrementAndGet(), scheduler, this::interested);
    }

    private List<TraceSink> interested(PeerId peer) {
        var interested = new ArrayList<TraceSink>();
        for (var sink : sinks) {
            if (sink.wants(peer)) {
                interested.add(sink);
            }
        }
        return interested;
    }

    /** Ends all traces. */
    public void close() {
        for (var sink : sinks) {
            sink.close();
        }
    }
}
