package tensorlink.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.lab.WatchedScheduler;
import tensorlink.p2p.Eventually;

/** What threads of a job wait in: an inbox, a slot, a progress. */
@Timeout(60)
class QueuesTest {
    private static final Problem FIRST = new Problem(ProblemCode.ENDED, "over", "first", "");
    private static final Problem SECOND = new Problem(ProblemCode.ENDED, "over", "second", "");
    private static final Duration SOON = Duration.ofMillis(50);

    private final WatchedScheduler scheduler = new WatchedScheduler();
    private final List<String> disposed = new ArrayList<>();
    private final Inbox<String> inbox = new Inbox<>(2, disposed::add);

    @Test
    void an_inbox_gives_back_what_was_put_in_order() throws Exception {
        inbox.put("a");
        inbox.put("b");

        assertThat(inbox.take()).isEqualTo("a");
        assertThat(inbox.take()).isEqualTo("b");
    }

    @Test
    void a_full_inbox_holds_the_putter_until_there_is_room() throws Exception {
        var put = new CopyOnWriteArrayList<String>();
        var putter =
                scheduler.fork(
                        "putter",
                        () -> {
                            for (var item : List.of("a", "b", "c")) {
                                try {
                                    inbox.put(item);
                                    put.add(item);
                                } catch (JobException | InterruptedException failed) {
                                    put.add("failed");
                                }
                            }
                        });
        Eventually.until("it waits", () -> putter.getState() == Thread.State.WAITING);
        assertThat(put).containsExactly("a", "b");

        inbox.take();
        putter.join();

        assertThat(put).containsExactly("a", "b", "c");
    }

    @Test
    void a_failed_inbox_disposes_of_all_and_says_the_first_reason_on_both_sides() throws Exception {
        inbox.put("a");

        inbox.fail(FIRST);
        inbox.fail(SECOND);

        assertThatThrownBy(() -> inbox.put("b")).hasMessage(FIRST.toString());
        assertThatThrownBy(inbox::take).hasMessage(FIRST.toString());
        assertThat(disposed).containsExactly("a", "b");
    }

    @Test
    void an_interrupted_putter_leaves_nothing_behind() throws Exception {
        inbox.put("a");
        inbox.put("b");
        var putter =
                scheduler.fork(
                        "putter",
                        () -> {
                            try {
                                inbox.put("c");
                            } catch (JobException | InterruptedException stopped) {
                                disposed.add("stopped");
                            }
                        });
        Eventually.until("it waits", () -> putter.getState() == Thread.State.WAITING);

        putter.interrupt();
        putter.join();

        assertThat(disposed).containsExactly("c", "stopped");
    }

    @Test
    void an_inbox_that_nobody_fills_fails_after_the_limit() {
        assertThatThrownBy(() -> inbox.take(scheduler, SOON, FIRST)).hasMessage(FIRST.toString());
        assertThatThrownBy(() -> inbox.put("late")).hasMessage(FIRST.toString());
    }

    @Test
    void a_take_in_time_leaves_no_timer() throws Exception {
        inbox.put("a");

        assertThat(inbox.take(scheduler, Duration.ofMinutes(1), FIRST)).isEqualTo("a");

        assertThat(scheduler.alive()).isEmpty();
    }

    @Test
    void a_slot_is_filled_once_and_a_late_failure_changes_nothing() throws Exception {
        var slot = new Slot<String>();

        assertThat(slot.fill("a")).isTrue();
        assertThat(slot.fill("b")).isFalse();
        slot.fail(FIRST);

        assertThat(slot.await()).isEqualTo("a");
        assertThat(slot.now()).contains("a");
    }

    @Test
    void a_failed_slot_cannot_be_filled() {
        var slot = new Slot<String>();

        slot.fail(FIRST);
        slot.fail(SECOND);

        assertThat(slot.fill("a")).isFalse();
        assertThatThrownBy(slot::await).hasMessage(FIRST.toString());
    }

    @Test
    void a_slot_that_nobody_fills_fails_after_the_limit() {
        var slot = new Slot<String>();

        assertThatThrownBy(() -> slot.await(scheduler, SOON, FIRST)).hasMessage(FIRST.toString());
    }

    @Test
    void progress_lets_through_who_waits_for_what_is_reached_even_after_a_failure()
            throws Exception {
        var progress = new Progress(3);
        progress.await(3);

        progress.reach(5);
        progress.reach(4);
        progress.fail(FIRST);

        progress.await(5);
        assertThatThrownBy(() -> progress.await(6)).hasMessage(FIRST.toString());
    }
}
