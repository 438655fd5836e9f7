package tensorlink.compute.torch;

import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.tensor.Tensor;

/**
 * A platform thread that runs a stage's native calls, one after another.
 *
 * <p>libtorch keeps grad mode, executor settings and the number of kernel threads per thread, and a
 * virtual thread changes its carrier, so no other thread may make these calls. Callers wait. One
 * that is interrupted before its task has begun takes it back; after that it waits for the end,
 * because the task uses what the caller owns.
 */
final class ComputeThread implements AutoCloseable {
    /** Setting a thread's count also sets the default that every thread takes over at first use. */
    private static final ReentrantLock COUNT_LOCK = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Task<?>> queue = new ArrayDeque<>();
    private final Thread thread;
    private boolean closed;

    /** What to run; called on the thread. */
    @FunctionalInterface
    interface Work<T extends @Nullable Object> {
        T run();
    }

    private static final class Task<T extends @Nullable Object> {
        final boolean grad;
        final Work<T> work;
        @Nullable T result;
        @Nullable Throwable failure;
        boolean done;

        Task(boolean grad, Work<T> work) {
            this.grad = grad;
            this.work = work;
        }

        void run() {
            try {
                JniUtils.setGradMode(grad);
                result = work.run();
            } catch (Throwable e) {
                failure = e;
            }
        }
    }

    /**
     * Starts.
     *
     * @param kernels how many threads the kernels of this thread's calls use
     */
    ComputeThread(String name, int kernels) {
        thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> runTasks(kernels));
        thread.start();
    }

    /** Runs {@code work} with recording for gradients switched on or off. */
    <T extends @Nullable Object> T call(boolean grad, Work<T> work) throws InterruptedException {
        var task = new Task<T>(grad, work);
        boolean interrupted = false;
        lock.lock();
        try {
            add(task);
            while (!task.done) {
                try {
                    changed.await();
                } catch (InterruptedException e) {
                    if (queue.remove(task)) {
                        throw e;
                    }
                    interrupted = true;
                }
            }
        } finally {
            lock.unlock();
        }
        if (interrupted) {
            if (task.result instanceof Tensor tensor) {
                tensor.close();
            }
            throw new InterruptedException();
        }
        return outcome(task);
    }

    /**
     * Runs {@code work} without recording, and waits for its end even when interrupted. Does
     * nothing once closed.
     */
    void callUninterruptibly(Runnable work) {
        var task =
                new Task<@Nullable Void>(
                        false,
                        () -> {
                            work.run();
                            return null;
                        });
        lock.lock();
        try {
            if (closed) {
                return;
            }
            add(task);
            while (!task.done) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        outcome(task);
    }

    /** Ends the thread after the tasks that are queued; idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void add(Task<?> task) {
        if (closed) {
            throw new IllegalStateException(thread.getName() + " is closed");
        }
        queue.addLast(task);
        changed.signalAll();
    }

    private void runTasks(int kernels) {
        COUNT_LOCK.lock();
        try {
            JniUtils.setNumThreads(kernels);
            JniUtils.getNumThreads(); // takes the default over now, while it is ours
        } finally {
            COUNT_LOCK.unlock();
        }
        // With the profiling executor the first gradients have other bits than later ones.
        JniUtils.setGraphExecutorOptimize(false);
        for (var task = next(); task != null; task = next()) {
            task.run();
            finish(task);
        }
    }

    private @Nullable Task<?> next() {
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            return queue.pollFirst();
        } finally {
            lock.unlock();
        }
    }

    private void finish(Task<?> task) {
        lock.lock();
        try {
            task.done = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("NullAway") // the work has run: a T, or null where T is nullable
    private static <T extends @Nullable Object> T outcome(Task<T> task) {
        if (task.failure instanceof RuntimeException e) {
            throw e;
        }
        if (task.failure instanceof Error e) {
            throw e;
        }
        return task.result;
    }
}
