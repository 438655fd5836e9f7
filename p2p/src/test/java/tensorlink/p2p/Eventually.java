package tensorlink.p2p;

import static org.assertj.core.api.Assertions.fail;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for something that another thread does, as long as it takes and no longer. */
public final class Eventually {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

    private Eventually() {}

    public static void until(String what, BooleanSupplier condition) {
        until(() -> what, condition);
    }

    /** The same; {@code what} is asked for after waiting in vain and may say how far it came. */
    public static void until(Supplier<String> what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > PATIENCE) {
                fail("waited in vain until " + what.get());
            }
            LockSupport.parkNanos(200_000);
        }
    }

    /** Until {@code thread} waits for somebody else. */
    public static void isWaiting(Thread thread) {
        until(
                thread.getName() + " waits",
                () ->
                        switch (thread.getState()) {
                            case WAITING, TIMED_WAITING, BLOCKED -> true;
                            case NEW, RUNNABLE, TERMINATED -> false;
                        });
    }
}
