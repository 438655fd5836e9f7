package tensorlink.node.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a verb end in order when the process is told to stop, by Ctrl-C or SIGTERM: its thread is
 * interrupted, and the process stays until the verb is done, then ends with the verb's status.
 */
final class StopSignal implements AutoCloseable {
    /** How long a verb may take to end; then the process ends without it. */
    private static final int PATIENCE_SECONDS = 20;

    private final Thread verb;
    private final Thread hook = new Thread(this::stop, "stop");
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean given;
    private volatile int status = ExitCode.CANCELLED.status();

    private StopSignal(Thread verb) {
        this.verb = verb;
    }

    /** Interrupts {@code verb} when the signal comes. */
    static StopSignal to(Thread verb) {
        var signal = new StopSignal(verb);
        Runtime.getRuntime().addShutdownHook(signal.hook);
        return signal;
    }

    /** Whether the process was told to stop. */
    boolean isGiven() {
        return given;
    }

    /** The verb is done. */
    void done(int exitStatus) {
        status = exitStatus;
        done.countDown();
    }

    private void stop() {
        given = true;
        System.err.println("Stopping ...");
        verb.interrupt();
        try {
            if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("not ended within " + PATIENCE_SECONDS + " s; ending anyway");
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        System.out.flush();
        Runtime.getRuntime().halt(status);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException stopping) {
            // The hook runs, and ends the process.
        }
    }
}
