package tensorlink.testnet.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The simulations of the hash table, at sizes that take seconds. */
class DhtSimTest {
    private static final long SEED = 1;

    @Test
    void equal_seeds_take_the_same_course_and_others_another()
            throws IOException, InterruptedException {
        var span = Duration.ofMinutes(5);

        var first = new DhtSim(60, span, SEED, DhtSimTest::ignore).run();
        var again = new DhtSim(60, span, SEED, DhtSimTest::ignore).run();
        var other = new DhtSim(60, span, SEED + 1, DhtSimTest::ignore).run();

        assertThat(again).isEqualTo(first);
        assertThat(other.get("trace")).isNotEqualTo(first.get("trace"));
    }

    @Test
    void records_are_found_while_a_third_of_the_nodes_leaves_every_hour()
            throws IOException, InterruptedException {
        var figures = new DhtSim(1000, Duration.ofMinutes(5), SEED, DhtSimTest::ignore).run();

        assertThat(number(figures, "gets")).as("%s", figures).isGreaterThanOrEqualTo(70);
        assertThat(number(figures, "getSuccess")).as("%s", figures).isGreaterThanOrEqualTo(0.999);
        assertThat(number(figures, "closestFound")).as("%s", figures).isGreaterThanOrEqualTo(0.99);
        assertThat(number(figures, "hopsMedian")).as("%s", figures).isLessThanOrEqualTo(6);
        assertThat(number(figures, "joinsFailed")).as("%s", figures).isZero();
    }

    @Test
    void nobody_who_crowds_a_key_hides_what_is_stored_there()
            throws IOException, InterruptedException {
        var figures = new DhtCensorSim(150, SEED, false, DhtSimTest::ignore).run();

        assertThat(number(figures, "closestAreSybils")).as("%s", figures).isGreaterThan(0.9);
        assertThat(number(figures, "success")).as("%s", figures).isGreaterThanOrEqualTo(0.99);
    }

    @Test
    void nobody_of_a_hundred_is_cut_off_in_a_day_by_a_fifth_of_all_ids()
            throws IOException, InterruptedException {
        var figures =
                new DhtEclipseSim(170, 100, Duration.ofHours(24), SEED, DhtSimTest::ignore).run();

        assertThat(number(figures, "victims")).as("%s", figures).isEqualTo(100);
        assertThat(number(figures, "restarts")).as("%s", figures).isGreaterThanOrEqualTo(190);
        assertThat(number(figures, "eclipsed")).as("%s", figures).isZero();
    }

    private static void ignore(String progress) {
        assertThat(progress).isNotBlank();
    }

    private static double number(Map<String, Object> figures, String name) {
        return ((Number) Objects.requireNonNull(figures.get(name))).doubleValue();
    }
}
