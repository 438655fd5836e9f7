package tensorlink.dht;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PatienceTest {
    private final Patience patience = new Patience(Duration.ofSeconds(2));

    @Test
    void waits_long_until_three_have_answered() {
        patience.answered(Duration.ofMillis(100));
        patience.answered(Duration.ofMillis(100));
        assertThat(patience.limit()).isEqualTo(Duration.ofSeconds(2));

        patience.answered(Duration.ofMillis(100));

        assertThat(patience.limit()).isEqualTo(Duration.ofMillis(400));
    }

    @Test
    void the_slowest_answer_decides() {
        for (int millis : new int[] {10, 300, 20, 30}) {
            patience.answered(Duration.ofMillis(millis));
        }

        assertThat(patience.limit()).isEqualTo(Duration.ofMillis(1200));
    }

    @Test
    void what_was_long_ago_is_forgotten() {
        patience.answered(Duration.ofMillis(400));
        for (int i = 0; i < 32; i++) {
            assertThat(patience.limit()).isGreaterThan(Duration.ofSeconds(1));
            patience.answered(Duration.ofMillis(100));
        }

        assertThat(patience.limit()).isEqualTo(Duration.ofMillis(400));
    }

    @Test
    void is_never_shorter_than_a_machine_may_pause_nor_longer_than_at_first() {
        for (int i = 0; i < 3; i++) {
            patience.answered(Duration.ofMillis(1));
        }
        assertThat(patience.limit()).isEqualTo(Duration.ofMillis(250));

        patience.answered(Duration.ofSeconds(9));

        assertThat(patience.limit()).isEqualTo(Duration.ofSeconds(2));
    }
}
