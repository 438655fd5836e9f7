package tensorlink.testnet;

import java.time.Duration;
import java.time.Instant;
import tensorlink.p2p.core.Scheduler;

/**
 * The machine's time, only faster: an hour of it passes in a minute. Everything that waits by it
 * comes that much sooner, while sockets and processors are as slow as ever; so what a node does now
 * and then can be watched over hours, as long as none of it takes long.
 */
public final class HurriedTime implements Scheduler {
    private final Scheduler real = Scheduler.system();
    private final int factor;
    private final Instant begin = real.now();
    private final long beginNanos = real.nanoTime();

    /**
     * Time that begins now.
     *
     * @param factor how many seconds pass in one, at least 1
     */
    public HurriedTime(int factor) {
        if (factor < 1) {
            throw new IllegalArgumentException("factor is " + factor + ", expected at least 1");
        }
        this.factor = factor;
    }

    @Override
    public Instant now() {
        return begin.plusNanos((real.nanoTime() - beginNanos) * factor);
    }

    @Override
    public long nanoTime() {
        return beginNanos + (real.nanoTime() - beginNanos) * factor;
    }

    @Override
    public Task after(Duration delay, Runnable task) {
        return real.after(delay.dividedBy(factor), task);
    }

    @Override
    public Thread fork(String name, Runnable body) {
        return real.fork(name, body);
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        real.sleep(duration.dividedBy(factor));
    }
}
