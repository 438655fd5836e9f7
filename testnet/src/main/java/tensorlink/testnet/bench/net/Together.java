package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import tensorlink.p2p.core.Scheduler;

/** Things done at the same time, each on a virtual thread of its own. For one thread. */
public final class Together {
    private final Scheduler scheduler;
    private final List<FutureTask<?>> tasks = new ArrayList<>();

    public Together(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Begins to do {@code work}. */
    public void start(String name, Work work) {
        var task =
                new FutureTask<>(() -> {
                    work.run();
                    return true;
                });
        tasks.add(task);
        var _ = scheduler.fork(name, task);
    }

    /** Whether one of them is not done yet. */
    public boolean areRunning() {
        return tasks.stream().anyMatch(task -> !task.isDone());
    }

    /**
     * Waits for all of them.
     *
     * @throws IOException when one failed
     */
    public void await() throws IOException, InterruptedException {
        try {
            for (var task : tasks) {
                task.get();
            }
        } catch (ExecutionException failure) {
            throw new IOException(
                    "one of several failed: " + failure.getCause(), failure.getCause());
        } finally {
            abandon();
        }
    }

    /** Interrupts those that still run. */
    public void abandon() {
        tasks.forEach(task -> task.cancel(true));
    }

    /** Something to be done. */
    @FunctionalInterface
    public interface Work {
        void run() throws IOException, InterruptedException;
    }
}
