package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** {@link Errands}, {@link Background} and {@link Backoff}. */
class ThreadsTest {
    private final SimulatedScheduler scheduler = new SimulatedScheduler();

    @Test
    void errands_come_back_in_the_order_in_which_they_are_done()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            try (var errands = new Errands<Integer>(scheduler)) {
                for (int seconds : List.of(3, 1, 2)) {
                    errands.send("errand", () -> sleep(seconds));
                }
                errands.remind(Duration.ZERO, 0);

                assertThat(List.of(errands.take(), errands.take(), errands.take(), errands.take()))
                        .containsExactly(0, 1, 2, 3);
            }
        });
    }

    @Test
    void errands_under_way_are_called_back_at_the_end() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var calledBack = new AtomicInteger();
            try (var errands = new Errands<Integer>(scheduler)) {
                for (int i = 0; i < 5; i++) {
                    errands.send(
                            "errand",
                            () -> {
                                try {
                                    return sleep(60);
                                } catch (InterruptedException back) {
                                    calledBack.incrementAndGet();
                                    throw back;
                                }
                            });
                }
                scheduler.sleep(Duration.ofSeconds(1));
            }

            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(calledBack).hasValue(5);
        });
    }

    @Test
    void a_bug_in_an_errand_reaches_who_sent_it() throws IOException, InterruptedException {
        scheduler.run(() -> {
            var bug = new IllegalStateException("bug");
            try (var errands = new Errands<Integer>(scheduler)) {
                errands.send(
                        "errand",
                        () -> {
                            throw bug;
                        });

                assertThatThrownBy(errands::take).isSameAs(bug);
            }
        });
    }

    @Test
    void errands_for_all_items_run_side_by_side_within_the_limit()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var running = new AtomicInteger();
            var most = new AtomicInteger();
            var items = new ArrayList<Integer>();
            for (int i = 0; i < 20; i++) {
                items.add(i);
            }
            var start = scheduler.now();

            var brought =
                    Errands.all(
                            scheduler,
                            4,
                            items,
                            item -> {
                                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                                sleep(1);
                                running.decrementAndGet();
                                return item;
                            });

            assertThat(brought).containsExactlyInAnyOrderElementsOf(items);
            assertThat(most).hasValue(4);
            assertThat(Duration.between(start, scheduler.now())).isEqualTo(Duration.ofSeconds(5));
            assertThat(Errands.all(scheduler, 4, List.<Integer>of(), item -> item)).isEmpty();
        });
    }

    @Test
    void closing_the_background_ends_its_threads_and_takes_no_more()
            throws IOException, InterruptedException {
        scheduler.run(() -> {
            var background = new Background(scheduler);
            var ended = new AtomicInteger();
            background.start("done", () -> {});
            background.start(
                    "bug",
                    () -> {
                        throw new IllegalStateException("a bug, on purpose");
                    });
            for (int i = 0; i < 3; i++) {
                background.start(
                        "waits",
                        () -> {
                            try {
                                FakeNetwork.waitForever();
                            } finally {
                                ended.incrementAndGet();
                            }
                        });
            }
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(background.size()).isEqualTo(3);

            background.close();

            assertThat(ended).hasValue(3);
            assertThat(background.size()).isZero();
            background.start("late", ended::incrementAndGet);
            scheduler.sleep(Duration.ofSeconds(1));
            assertThat(ended).hasValue(3);
        });
    }

    @Test
    void pauses_double_up_to_a_limit_and_begin_anew() {
        var pauses = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(5));

        var first = List.of(pauses.next(), pauses.next(), pauses.next(), pauses.next());
        pauses.reset();

        assertThat(first)
                .containsExactly(
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5));
        assertThat(pauses.next()).isEqualTo(Duration.ofSeconds(1));
    }

    private int sleep(int seconds) throws InterruptedException {
        scheduler.sleep(Duration.ofSeconds(seconds));
        return seconds;
    }
}
