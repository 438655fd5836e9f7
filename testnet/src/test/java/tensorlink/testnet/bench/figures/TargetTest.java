package tensorlink.testnet.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class TargetTest {
    private final Figures figures = new Figures();

    @Test
    void a_ratio_is_taken_round_by_round_and_judged_by_its_median() {
        measure("ours", 100, 30, 50);
        measure("theirs", 400, 60, 500); // a quarter, a half, a tenth: the machine slowed down

        var verdict = Target.atLeast("of theirs", "ours", 0.25).of("theirs").judge(figures);

        var ratio = verdict.measured().orElseThrow();
        assertThat(ratio.values()).containsExactly(0.25, 0.5, 0.1);
        assertThat(ratio.median()).isCloseTo(0.25, within(1e-12));
        assertThat(ratio.min()).isEqualTo(0.1);
        assertThat(ratio.max()).isEqualTo(0.5);
        assertThat(verdict.isMet()).contains(true);
    }

    @Test
    void a_bound_itself_will_do_on_either_side() {
        measure("speed", 500);
        measure("delay", 60);

        assertThat(Target.atLeast("speed", "speed", 500).judge(figures).isMet()).contains(true);
        assertThat(Target.atLeast("speed", "speed", 501).judge(figures).isMet()).contains(false);
        assertThat(Target.atMost("delay", "delay", 60).judge(figures).isMet()).contains(true);
        assertThat(Target.atMost("delay", "delay", 59).judge(figures).isMet()).contains(false);
    }

    @Test
    void a_harder_bound_is_judged_by_itself() {
        measure("delay", 50);
        var target = Target.atMost("delay", "delay", 60);

        assertThat(target.judge(figures).isStretchMet()).isEmpty();
        assertThat(target.stretch(40).judge(figures).isStretchMet()).contains(false);
        assertThat(target.stretch(50).judge(figures).isStretchMet()).contains(true);
    }

    @Test
    void what_was_not_measured_in_every_round_is_not_judged() {
        measure("ours", 100, 30);
        measure("broken", 400);
        var target = Target.atLeast("of", "ours", 0.25);

        assertThat(target.of("absent").judge(figures).isMet()).isEmpty();
        assertThat(target.of("broken").judge(figures).isMet()).isEmpty();
        assertThat(Target.atMost("absent", "absent", 1).judge(figures).isMet()).isEmpty();
    }

    @Test
    void samples_of_different_rounds_have_no_ratio() {
        var two = new Sample(List.of(1.0, 2.0));
        var one = new Sample(List.of(1.0));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> two.over(one))
                .withMessage("2 rounds against 1");
        assertThatIllegalArgumentException().isThrownBy(() -> new Sample(List.of()));
    }

    @Test
    void quantiles_do_not_depend_on_the_order() {
        var sample = new Sample(List.of(5.0, 1.0, 4.0, 2.0, 3.0));

        assertThat(sample.min()).isEqualTo(1);
        assertThat(sample.median()).isEqualTo(3);
        assertThat(sample.quantile(0.99)).isEqualTo(5);
        assertThat(sample.max()).isEqualTo(5);
    }

    private void measure(String name, double... values) {
        for (double value : values) {
            figures.add(name, value);
        }
    }
}
