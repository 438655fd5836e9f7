package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import tensorlink.compute.DeviceLimits;

class LimitsTest {

    @Test
    void a_device_says_what_it_can_do_and_keeps_nothing_of_the_trial() throws Exception {
        try (var pretended = TorchEngine.pretended()) {
            long before = pretended.arrays();

            var limits = pretended.limits(1);

            // What any machine of this century reaches, and none; the record refuses 0 and less.
            assertThat(limits.product()).isBetween(1e7, 1e17);
            assertThat(limits.memory()).isBetween(1e6, 1e15);
            assertThat(limits.read()).isBetween(1e6, 1e15);
            assertThat(pretended.arrays()).isEqualTo(before);
        }
    }

    @Test
    void what_takes_no_time_was_not_measured() {
        assertThatThrownBy(() -> new DeviceLimits(1, 1, 1, 0, 1, 1))
                .hasMessage("limit of 0.0 a second, above 0");
        assertThatThrownBy(() -> new DeviceLimits(Double.NaN, 1, 1, 1, 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
