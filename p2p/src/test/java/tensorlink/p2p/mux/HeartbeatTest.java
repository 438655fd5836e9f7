package tensorlink.p2p.mux;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.mux.Heartbeat.Verdict;

class HeartbeatTest {
    private static final long SECOND = 1_000_000_000;

    private final Heartbeat heartbeat = new Heartbeat(Duration.ofSeconds(4), Duration.ofSeconds(6));

    @Test
    void a_talking_remote_is_alive_and_not_asked() {
        heartbeat.heard();

        assertThat(heartbeat.beat(4 * SECOND)).isEqualTo(Verdict.ALIVE);
        assertThat(heartbeat.pause()).isEqualTo(Duration.ofSeconds(4));
    }

    @Test
    void a_silent_remote_is_asked_and_given_up_when_it_stays_silent() {
        assertThat(heartbeat.beat(4 * SECOND)).isEqualTo(Verdict.ASK);
        heartbeat.ask(4 * SECOND);
        assertThat(heartbeat.pause()).isEqualTo(Duration.ofSeconds(6));

        assertThat(heartbeat.beat(9 * SECOND)).isEqualTo(Verdict.ALIVE);
        assertThat(heartbeat.beat(10 * SECOND)).isEqualTo(Verdict.DEAD);
    }

    @Test
    void any_byte_after_the_question_is_a_sign_of_life() {
        heartbeat.beat(4 * SECOND);
        heartbeat.ask(4 * SECOND);

        heartbeat.heard();

        assertThat(heartbeat.beat(10 * SECOND)).isEqualTo(Verdict.ALIVE);
        assertThat(heartbeat.isAsking()).isFalse();
    }

    @Test
    void measures_the_round_trip_of_its_own_question_only() {
        int question = heartbeat.ask(1000);

        heartbeat.answered(question + 1, 1500);
        assertThat(heartbeat.roundTrip()).isZero();
        heartbeat.answered(question, 3000);

        assertThat(heartbeat.roundTrip()).isEqualTo(2000);
        heartbeat.answered(question, 9000);
        assertThat(heartbeat.roundTrip()).isEqualTo(2000);
    }

    @Test
    void the_shortest_round_trip_counts() {
        heartbeat.answered(heartbeat.ask(0), 2000);

        heartbeat.answered(heartbeat.ask(10_000), 20_000);
        assertThat(heartbeat.roundTrip()).isEqualTo(2000);
        heartbeat.answered(heartbeat.ask(30_000), 31_000);
        assertThat(heartbeat.roundTrip()).isEqualTo(1000);
    }
}
