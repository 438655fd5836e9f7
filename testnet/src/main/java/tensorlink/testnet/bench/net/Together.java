package tensorlink.testnet.bench.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import tensorlink.p2p.core.Scheduler;

/** Things done at the same time, each on a virtual thread of its own. For one thread. */
final class Together {
    private final Scheduler scheduler;
    private final List<FutureTask<?>> tasks = new ArrayList<>();

    Together(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    void start(String name, Stopwatch.Work work) {
        var task =
                new FutureTask<>(() -> {
                    work.run();
                    return true;
                });
        tasks.add(task);
        var _ = scheduler.fork(name, task);
    }

    boolean areRunning() {
        return tasks.stream().anyMatch(task -> !task.isDone());
    }

    /**
     * Waits for all of them.
     *
     * @throws IOException when one failed
     */
    void await() throws IOException, InterruptedException {
        try {
            for (var task : tasks) {
                task.get();
            }
        } catch (ExecutionException failure) {
            throw new IOException("one of several failed", failure.getCause());
        } finally {
            abandon();
        }
    }

    /** Interrupts those that still run. */
    void abandon() {
        tasks.forEach(task -> task.cancel(true));
    }
}
