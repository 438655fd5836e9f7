package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.core.StreamTimeoutException;

class DeadlineTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final SimulatedScheduler scheduler = new SimulatedScheduler();

    @Test
    void what_ends_in_time_is_not_touched() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var result =
                    Deadline.within(
                            LIMIT,
                            scheduler,
                            () -> {
                                scheduler.sleep(LIMIT.minusMillis(1));
                                return "done";
                            });

            scheduler.sleep(LIMIT.multipliedBy(2));
            assertThat(result).isEqualTo("done");
        });
    }

    @Test
    void what_takes_longer_is_stopped_and_says_so() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var start = scheduler.now();

            assertThatThrownBy(() ->
                            Deadline.within(
                                    LIMIT,
                                    scheduler,
                                    () -> {
                                        FakeNetwork.waitForever();
                                        return "never";
                                    }))
                    .isInstanceOf(StreamTimeoutException.class)
                    .hasMessage("not finished within PT10S");

            assertThat(Duration.between(start, scheduler.now())).isEqualTo(LIMIT);
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
        });
    }

    @Test
    void other_failures_pass_through() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var failure = new EOFException("gone");

            assertThatThrownBy(() ->
                            Deadline.within(
                                    LIMIT,
                                    scheduler,
                                    () -> {
                                        throw failure;
                                    }))
                    .isSameAs(failure);
        });
    }

    @Test
    void an_interrupt_from_elsewhere_stays_one() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var caller = Thread.currentThread();
            scheduler.after(Duration.ofSeconds(1), caller::interrupt);

            assertThatThrownBy(() ->
                            Deadline.within(
                                    LIMIT,
                                    scheduler,
                                    () -> {
                                        FakeNetwork.waitForever();
                                        return "never";
                                    }))
                    .isInstanceOf(InterruptedException.class);
        });
    }
}
