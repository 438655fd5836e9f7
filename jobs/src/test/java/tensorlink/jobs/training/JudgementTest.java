package tensorlink.jobs.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.jobs.training.Trainee.Answer;

/** Against scikit-learn's accuracy_score and f1_score. */
class JudgementTest {

    @Test
    void of_two_classes_the_second_is_found_or_not() {
        var judgement = judgement(0, 0, 0, 1, 1, 1, 1, 1, 1, 0);

        assertThat(judgement.accuracy()).isEqualTo(0.6);
        assertThat(judgement.f1()).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(judgement(0, 0).f1()).isZero();
        assertThat(judgement(0, 1, 1, 0).f1()).isZero();
    }

    @Test
    void of_more_classes_it_is_the_mean() {
        var judgement = judgement(0, 0, 1, 1, 1, 2, 2, 2, 2, 0);

        assertThat(judgement.accuracy()).isEqualTo(0.6);
        assertThat(judgement.f1()).isCloseTo((2 / 3.0 + 2 / 3.0 + 0.5) / 3, within(1e-12));
    }

    /**
     * @param pairs the right class and the given one, in turn
     */
    private static Judgement judgement(int... pairs) {
        var answers = new java.util.ArrayList<Answer>();
        for (int i = 0; i < pairs.length; i += 2) {
            answers.add(new Answer(pairs[i], pairs[i + 1]));
        }
        return new Judgement(List.copyOf(answers));
    }
}
