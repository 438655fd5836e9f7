package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ReceiveWindowTest {
    private static final int KIB = 1024;
    private static final long MILLI = 1_000_000;
    private static final ReceiveWindow.Growth NO_LIMIT = (_, wanted) -> wanted;

    @Test
    void a_peer_may_send_256_kib_and_not_a_byte_more() {
        var window = new ReceiveWindow(0);

        assertThat(window.receive(256 * KIB)).isTrue();
        assertThat(window.receive(1)).isFalse();
    }

    @Test
    void what_is_refused_changes_nothing() {
        var window = new ReceiveWindow(0);

        assertThat(window.receive(0xffff_ffffL)).isFalse();

        assertThat(window.receive(256 * KIB)).isTrue();
    }

    @Test
    void credit_returns_when_half_the_window_was_taken_and_not_before() {
        var window = new ReceiveWindow(0);
        window.receive(256 * KIB);

        assertThat(window.take(128 * KIB - 1, 0, () -> 0, NO_LIMIT)).isZero();
        assertThat(window.take(1, 0, () -> 0, NO_LIMIT)).isEqualTo(128 * KIB);

        assertThat(window.receive(128 * KIB)).isTrue();
        assertThat(window.receive(1)).isFalse();
    }

    @Test
    void grows_to_what_is_taken_in_four_round_trips() {
        var window = new ReceiveWindow(0);
        window.receive(256 * KIB);

        int first = window.take(128 * KIB, 1 * MILLI, () -> MILLI, NO_LIMIT);
        int second = window.take(128 * KIB, 2 * MILLI, () -> MILLI, NO_LIMIT);
        window.receive(256 * KIB);
        int third = window.take(128 * KIB, 3 * MILLI, () -> MILLI, NO_LIMIT);
        int fourth = window.take(192 * KIB, 4 * MILLI, () -> MILLI, NO_LIMIT);

        assertThat(first).isEqualTo(128 * KIB);
        assertThat(second).isEqualTo(128 * KIB);
        assertThat(third).as("three quarters of four round trips").isEqualTo((128 + 128) * KIB);
        assertThat(fourth).as("all of them").isEqualTo((192 + 192) * KIB);
        assertThat(window.grown()).isEqualTo((576 - 256) * KIB);
    }

    @Test
    void at_most_doubles_at_once() {
        var window = new ReceiveWindow(0);
        window.raise(1024 * KIB, NO_LIMIT);
        window.receive(1024 * KIB);

        int grant = window.take(1024 * KIB, 0, () -> 100 * MILLI, NO_LIMIT);
        window.receive(1024 * KIB);
        int next = window.take(1024 * KIB, 8 * MILLI, () -> 2000 * MILLI, NO_LIMIT);

        assertThat(grant).isEqualTo(1024 * KIB);
        assertThat(next).isEqualTo(2048 * KIB);
    }

    @Test
    void stays_when_the_reader_is_slow_or_the_round_trip_unknown() {
        var slow = new ReceiveWindow(0);
        var unknown = new ReceiveWindow(0);

        assertThat(slow.take(256 * KIB, 4 * MILLI, () -> MILLI, NO_LIMIT)).isEqualTo(256 * KIB);
        assertThat(unknown.take(256 * KIB, 1, () -> 0, NO_LIMIT)).isEqualTo(256 * KIB);
    }

    @Test
    void who_was_held_up_and_then_takes_much_at_once_is_not_fast() {
        var window = new ReceiveWindow(0);
        window.receive(256 * KIB);

        window.take(128 * KIB, 40 * MILLI, () -> MILLI, NO_LIMIT);
        window.take(128 * KIB, 40 * MILLI + 1, () -> MILLI, NO_LIMIT);

        assertThat(window.grown()).isZero();
    }

    @Test
    void a_short_round_trip_counts_as_a_millisecond() {
        var window = new ReceiveWindow(0);

        window.take(512 * KIB, 4 * MILLI - 1, () -> 50_000, NO_LIMIT);

        assertThat(window.grown()).isEqualTo(256 * KIB);
    }

    @Test
    void is_raised_at_once_for_those_who_know_that_they_need_it() {
        var window = new ReceiveWindow(0);

        assertThat(window.raise(1024 * KIB, NO_LIMIT)).isEqualTo(768 * KIB);
        assertThat(window.raise(1024 * KIB, NO_LIMIT)).isZero();

        assertThat(window.receive(1024 * KIB)).isTrue();
        assertThat(window.receive(1)).isFalse();
    }

    @Test
    void grows_only_as_far_as_it_is_allowed() {
        var window = new ReceiveWindow(0);

        assertThat(window.take(300 * KIB, 1, () -> 100, (_, _) -> 1000))
                .isEqualTo(300 * KIB + 1000);
        assertThat(window.grown()).isEqualTo(1000);
    }

    /** credit + waiting + taken = size, whatever happens in whatever order. */
    @Test
    void never_holds_more_than_its_size() {
        var random = new Random(8);
        for (int run = 0; run < 200; run++) {
            var window = new ReceiveWindow(0);
            long granted = ReceiveWindow.INITIAL_BYTES;
            long sent = 0;
            long waiting = 0;
            for (int step = 0; step < 500; step++) {
                int wanted = random.nextInt(100_000);
                boolean mayArrive = sent + wanted <= granted;
                assertThat(window.receive(wanted)).as("seed 8, run %d", run).isEqualTo(mayArrive);
                if (mayArrive) {
                    sent += wanted;
                    waiting += wanted;
                }
                int taken = (int) Math.min(waiting, random.nextInt(150_000));
                waiting -= taken;
                granted += window.take(taken, step, () -> random.nextInt(3), (size, _) -> size / 3);
                long size = (long) ReceiveWindow.INITIAL_BYTES + window.grown();
                assertThat(granted - sent + waiting).isLessThanOrEqualTo(size);
            }
        }
    }
}
