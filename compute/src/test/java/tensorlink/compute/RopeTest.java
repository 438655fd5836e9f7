package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import tensorlink.compute.Rope.Linear;
import tensorlink.compute.Rope.Llama3;

/** Expected values are those of transformers' modeling_rope_utils, in float32. */
class RopeTest {
    private static final Percentage ULPS = Percentage.withPercentage(2e-5);

    @Test
    void frequencies_fall_from_1_by_powers_of_theta() {
        assertClose(
                Rope.of(10_000).frequencies(16),
                1.0,
                0.3162277638912201,
                0.10000000149011612,
                0.03162277862429619,
                0.009999999776482582,
                0.003162277862429619,
                0.0010000000474974513,
                0.0003162277862429619);
        assertThat(Rope.of(500_000).frequencies(128)[63]).isCloseTo(2.4551407e-06f, ULPS);
    }

    @Test
    void linear_scaling_divides_them_all() {
        assertClose(
                new Rope(10_000, new Linear(4)).frequencies(16),
                0.25,
                0.07905694097280502,
                0.02500000037252903,
                0.007905694656074047,
                0.0024999999441206455,
                0.0007905694656074047,
                0.0002500000118743628,
                7.905694656074047e-05);
    }

    @Test
    void llama3_scaling_keeps_the_high_ones_and_blends_to_the_divided_low_ones() {
        assertClose(
                new Rope(10_000, new Llama3(4, 1, 4, 128)).frequencies(16),
                1.0,
                0.3162277638912201,
                0.050929583609104156,
                0.007905694656074047,
                0.0024999999441206455,
                0.0007905694656074047,
                0.0002500000118743628,
                7.905694656074047e-05);
    }

    @Test
    void refuses_settings_that_mean_nothing() {
        assertThatThrownBy(() -> Rope.of(1)).hasMessage("rope theta 1.0, above 1");
        assertThatThrownBy(() -> Rope.of(Double.NaN)).hasMessage("rope theta NaN, above 1");
        assertThatThrownBy(() -> new Linear(0.5)).hasMessage("rope factor 0.5, at least 1");
        assertThatThrownBy(() -> new Llama3(8, 4, 4, 128))
                .hasMessage("rope bands 4.0 to 4.0 of 128 positions");
    }

    private static void assertClose(float[] found, double... expected) {
        assertThat(found).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) found[i]).as("pair %d", i).isCloseTo(expected[i], ULPS);
        }
    }
}
