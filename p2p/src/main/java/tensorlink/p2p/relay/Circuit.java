package tensorlink.p2p.relay;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;

/**
 * Two streams that are one pipe: what comes over one is sent over the other until both have ended.
 * A byte past the limit, too much time or a failure on either side resets both. The relay holds no
 * more than a buffer for each direction: who does not read holds back who writes.
 */
final class Circuit {
    private final Stream source;
    private final Stream target;
    private final RelayLimits limits;
    private final Scheduler scheduler;

    Circuit(Stream source, Stream target, RelayLimits limits, Scheduler scheduler) {
        this.source = source;
        this.target = target;
        this.limits = limits;
        this.scheduler = scheduler;
    }

    /** Returns when the circuit is over. */
    void run() throws InterruptedException {
        var duration = limits.circuit().duration();
        Scheduler.Task deadline =
                duration.isZero() ? () -> {} : scheduler.after(duration, this::cut);
        var back = scheduler.fork("p2p relay", () -> move(target, source));
        try {
            move(source, target);
            back.join();
        } catch (InterruptedException closing) {
            cut();
            throw closing;
        } finally {
            deadline.cancel();
        }
    }

    private void move(Stream from, Stream to) {
        var buffer = MemorySegment.ofArray(new byte[limits.bufferBytes()]);
        long bytesMax = limits.circuit().bytes() == 0 ? Long.MAX_VALUE : limits.circuit().bytes();
        long moved = 0;
        try {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                long allowed = Math.min(count, bytesMax - moved);
                to.write(buffer.asSlice(0, allowed));
                moved += allowed;
                if (allowed < count) {
                    cut();
                    return;
                }
            }
            to.closeWrite();
        } catch (IOException gone) {
            cut();
        } catch (InterruptedException closing) {
            cut();
            Thread.currentThread().interrupt();
        }
    }

    private void cut() {
        source.reset();
        target.reset();
    }
}
