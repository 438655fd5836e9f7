package tensorlink.p2p.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SystemSchedulerTest {
    private final Scheduler scheduler = Scheduler.system();

    @Test
    void runs_a_task_after_its_delay() throws InterruptedException {
        var ran = new LinkedBlockingQueue<Long>();
        long start = scheduler.nanoTime();

        scheduler.after(Duration.ofMillis(20), () -> ran.add(scheduler.nanoTime() - start));

        assertThat(ran.poll(10, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(20_000_000L);
    }

    @Test
    void a_task_called_off_never_runs() throws InterruptedException {
        var ran = new LinkedBlockingQueue<String>();

        var cancelled = scheduler.after(Duration.ofMillis(20), () -> ran.add("cancelled"));
        scheduler.after(Duration.ofMillis(60), () -> ran.add("later"));
        cancelled.cancel();

        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("later");
        assertThat(ran).isEmpty();
    }

    @Test
    void calling_off_a_task_that_has_begun_does_not_disturb_it() throws InterruptedException {
        var begun = new CountDownLatch(1);
        var cancelled = new CountDownLatch(1);
        var ended = new LinkedBlockingQueue<String>();
        var task =
                scheduler.after(
                        Duration.ZERO,
                        () -> {
                            begun.countDown();
                            try {
                                cancelled.await();
                                ended.add("undisturbed");
                            } catch (InterruptedException disturbed) {
                                ended.add("interrupted");
                            }
                        });

        begun.await();
        task.cancel();
        cancelled.countDown();

        assertThat(ended.poll(10, TimeUnit.SECONDS)).isEqualTo("undisturbed");
    }

    @Test
    void threads_are_virtual_and_have_their_name() throws InterruptedException {
        var seen = new LinkedBlockingQueue<Thread>();

        scheduler.fork("worker", () -> seen.add(Thread.currentThread())).join();

        assertThat(seen.take())
                .satisfies(thread -> assertThat(thread.isVirtual()).isTrue())
                .extracting(Thread::getName)
                .isEqualTo("worker");
    }
}
