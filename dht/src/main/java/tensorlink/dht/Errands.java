package tensorlink.dht;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import tensorlink.p2p.core.Scheduler;

/**
 * Virtual threads that each fetch one thing for the thread that sent them, and are called back when
 * it has enough. To be used by one thread.
 */
final class Errands<T> implements AutoCloseable {
    private final Scheduler scheduler;
    private final LinkedBlockingQueue<Result<T>> results = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<Scheduler.Task> reminders = new ArrayList<>();

    Errands(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /**
     * Runs {@code errand} for every item, at most {@code parallelism} at a time.
     *
     * @return what they brought, in the order in which they came back
     */
    static <I, T> List<T> all(
            Scheduler scheduler, int parallelism, List<I> items, ItemErrand<I, T> errand)
            throws InterruptedException {
        try (var errands = new Errands<T>(scheduler)) {
            var brought = new ArrayList<T>();
            int sent = 0;
            while (brought.size() < items.size()) {
                while (sent < items.size() && sent - brought.size() < parallelism) {
                    var item = items.get(sent++);
                    errands.send("kad errand", () -> errand.run(item));
                }
                brought.add(errands.take());
            }
            return brought;
        }
    }

    /** Sends a thread; what {@code errand} returns comes out of {@link #take}. */
    void send(String name, Errand<T> errand) {
        threads.add(
                scheduler.fork(
                        name,
                        () -> {
                            try {
                                results.add(new Result.Brought<>(errand.run()));
                            } catch (InterruptedException calledBack) {
                                Thread.currentThread().interrupt();
                            } catch (RuntimeException bug) {
                                results.add(new Result.Broke<>(bug));
                            }
                        }));
    }

    /** Puts {@code thing} among the results after {@code delay}. */
    void remind(Duration delay, T thing) {
        reminders.add(scheduler.after(delay, () -> results.add(new Result.Brought<>(thing))));
    }

    /** Waits for the next result, in the order in which they come. */
    T take() throws InterruptedException {
        return switch (results.take()) {
            case Result.Brought<T>(var thing) -> thing;
            case Result.Broke<T>(var bug) -> throw bug;
        };
    }

    /** Interrupts the threads that are still on their way, and calls off the reminders. */
    @Override
    public void close() {
        reminders.forEach(Scheduler.Task::cancel);
        threads.forEach(Thread::interrupt);
    }

    /** One thing to fetch. */
    interface Errand<T> {
        T run() throws InterruptedException;
    }

    /** One thing to fetch for an item. */
    interface ItemErrand<I, T> {
        T run(I item) throws InterruptedException;
    }

    private sealed interface Result<T> {
        record Brought<T>(T thing) implements Result<T> {}

        record Broke<T>(RuntimeException bug) implements Result<T> {}
    }
}
