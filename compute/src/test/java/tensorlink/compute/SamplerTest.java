package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

class SamplerTest {

    @Test
    void greedy_takes_the_likeliest_and_the_lowest_id_on_a_tie() {
        assertThat(next(Sampling.greedy(), 0, 1f, 3f, 2f, 3f)).isEqualTo(1);
        assertThat(next(Sampling.greedy(), 0, Float.NaN, -5f, Float.NEGATIVE_INFINITY))
                .isEqualTo(1);
    }

    @Test
    void only_the_last_row_counts() {
        try (var logits = Tensor.ofFloats(Shape.of(1, 2, 3), 9, 0, 0, 0, 0, 1)) {
            assertThat(new Sampler(Sampling.greedy()).next(logits, 0)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 0.0900, 0.2447, 0.6652", "0.5, 0.0159, 0.1173, 0.8668"})
    void draws_as_often_as_the_temperature_says(
            float temperature, double p0, double p1, double p2) {
        var counts = counts(Sampling.seeded(temperature, 11), 1f, 2f, 3f);

        assertThat(counts[0]).isCloseTo(p0, within(0.008));
        assertThat(counts[1]).isCloseTo(p1, within(0.008));
        assertThat(counts[2]).isCloseTo(p2, within(0.008));
    }

    @Test
    void top_k_draws_from_the_k_likeliest_only() {
        var counts = counts(new Sampling(1, 2, 1, 3), 2f, 1f, 3f, 1f);

        assertThat(counts[1]).isZero();
        assertThat(counts[3]).isZero();
        assertThat(counts[0]).isCloseTo(0.2689, within(0.01));
    }

    @Test
    void top_p_draws_from_the_fewest_that_reach_it() {
        var half = counts(new Sampling(1, 0, 0.5f, 3), 1f, 2f, 3f);
        var most = counts(new Sampling(1, 0, 0.9f, 3), 1f, 2f, 3f);

        assertThat(half[2]).isEqualTo(1);
        assertThat(most[0]).isZero();
        assertThat(most[1]).isCloseTo(0.2689, within(0.01));
    }

    @Test
    void a_draw_depends_on_seed_and_position_alone() {
        var sampling = Sampling.seeded(1, 5);
        var logits = new float[] {1, 1, 1, 1, 1, 1, 1, 1};

        assertThat(next(sampling, 40, logits)).isEqualTo(next(sampling, 40, logits));
        assertThat(differences(sampling, Sampling.seeded(1, 6), logits)).isGreaterThan(50);
    }

    @Test
    void refuses_logits_without_a_finite_number() {
        assertThatThrownBy(() -> next(Sampling.greedy(), 0, Float.NaN, Float.NEGATIVE_INFINITY))
                .hasMessage("no finite logit among 2");
        assertThatThrownBy(() -> next(Sampling.greedy(), 0, Float.POSITIVE_INFINITY, 1f))
                .hasMessage("no finite logit among 2");
    }

    private static int differences(Sampling a, Sampling b, float... logits) {
        int differences = 0;
        for (int position = 0; position < 100; position++) {
            differences += next(a, position, logits) == next(b, position, logits) ? 0 : 1;
        }
        return differences;
    }

    private static double[] counts(Sampling sampling, float... logits) {
        int draws = 20_000;
        var counts = new double[logits.length];
        for (int position = 0; position < draws; position++) {
            counts[next(sampling, position, logits)]++;
        }
        for (int id = 0; id < counts.length; id++) {
            counts[id] /= draws;
        }
        return counts;
    }

    private static int next(Sampling sampling, long position, float... logits) {
        try (var tensor = Tensor.ofFloats(Shape.of(1, 1, logits.length), logits)) {
            return new Sampler(sampling).next(tensor, position);
        }
    }
}
