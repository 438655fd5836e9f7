package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RoundTripsTest {
    private final RoundTrips trips = new RoundTrips();

    @Test
    void answers_are_summed_up_with_what_was_lost() {
        for (int millis : new int[] {4, 1, 3, 2}) {
            trips.answered(Duration.ofMillis(millis));
        }
        trips.unanswered();

        assertThat(trips.lines("somebody"))
                .containsExactly(
                        "--- somebody ---",
                        "5 sent, 4 answered, 20% lost",
                        "round trip min/avg/max/p50/p99 = 1.000/2.500/4.000/3.000/4.000 ms");
        assertThat(trips.json())
                .containsEntry("sent", 5)
                .containsEntry("answered", 4)
                .containsEntry("minMillis", 1.0)
                .containsEntry("averageMillis", 2.5)
                .containsEntry("maxMillis", 4.0);
    }

    @Test
    void without_an_answer_there_are_no_times() {
        trips.unanswered();

        assertThat(trips.isEmpty()).isTrue();
        assertThat(trips.lines("somebody"))
                .containsExactly("--- somebody ---", "1 sent, 0 answered, 100% lost");
        assertThat(trips.json()).containsOnlyKeys("sent", "answered");
    }

    @Test
    void before_the_first_ping_nothing_is_lost() {
        assertThat(trips.lines("somebody")).contains("0 sent, 0 answered, 0% lost");
    }
}
