package tensorlink.p2p.trace;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Subscription;
import tensorlink.p2p.peer.PeerId;

/** One who is interested in some peers: lines wait in a bounded queue for a thread that writes. */
final class TraceSink implements Subscription {
    private static final Logger log = LoggerFactory.getLogger(TraceSink.class);
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final String QLOG_VERSION = "0.4";
    private static final String END = "";

    private final Predicate<PeerId> whom;
    private final Appendable output;
    private final Limits.Tracing limits;
    private final Consumer<TraceSink> whenClosed;
    private final BlockingQueue<String> pending;
    private final AtomicLong left = new AtomicLong();
    private volatile @Nullable Thread writer;
    private volatile boolean isClosed;

    TraceSink(
            Predicate<PeerId> whom,
            Appendable output,
            Limits.Tracing limits,
            Consumer<TraceSink> whenClosed) {
        this.whom = whom;
        this.output = output;
        this.limits = limits;
        this.whenClosed = whenClosed;
        this.pending = new ArrayBlockingQueue<>(limits.pendingMax());
    }

    void start(Scheduler scheduler) {
        var head = head(scheduler);
        writer = scheduler.fork("p2p trace", () -> run(head));
    }

    private static String head(Scheduler scheduler) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("time_format", "relative");
        fields.put("reference_time", scheduler.now().toString());
        var head = new LinkedHashMap<String, Object>();
        head.put("qlog_version", QLOG_VERSION);
        head.put("qlog_format", "NDJSON");
        head.put("title", "libp2p connections; time is milliseconds since each began");
        head.put("trace", Map.of("common_fields", fields));
        return Json.line(head);
    }

    boolean wants(PeerId peer) {
        return !isClosed && whom.test(peer);
    }

    /** Does not block: what finds no place is left out and counted. */
    void write(String line) {
        if (!isClosed && !pending.offer(line)) {
            left.incrementAndGet();
        }
    }

    private void run(String head) {
        try {
            output.append(head);
            for (long lines = 1; lines < limits.linesMax(); lines++) {
                var next = pending.poll();
                if (next == null && !isClosed) {
                    next = pending.take();
                }
                if (next == null || next.equals(END)) {
                    return;
                }
                long leftOut = left.getAndSet(0);
                if (leftOut > 0) {
                    output.append(note("trace:lines_left_out", leftOut));
                }
                output.append(next);
            }
            output.append(note("trace:lines_max", limits.linesMax()));
        } catch (IOException broken) {
            log.warn("a trace cannot be written and ends: {}", broken.getMessage());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } finally {
            isClosed = true;
            whenClosed.accept(this);
        }
    }

    private static String note(String name, long lines) {
        var members = new LinkedHashMap<String, Object>();
        members.put("name", name);
        members.put("data", Map.of("lines", lines));
        return Json.line(members);
    }

    /** A full queue needs no mark at its end: its thread looks at the flag when it is empty. */
    @Override
    public void close() {
        isClosed = true;
        var _ = pending.offer(END);
        var writing = writer;
        if (writing == null) {
            return;
        }
        try {
            var _ = writing.join(PATIENCE);
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }
}
