package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The switches are found in the libtorch that is loaded, and switch. */
class DeterminismTest {

    @Test
    void libtorch_says_that_it_is_held_to_equal_bits_and_no_more_when_it_is_not() throws Exception {
        assertThat(Engines.shared().arrays()).isNotNegative();
        var determinism = Determinism.ofLoaded();
        assertThat(determinism.isRequired()).isFalse();

        try {
            determinism.require(true);
            assertThat(determinism.isRequired()).isTrue();
        } finally {
            determinism.require(false);
        }

        assertThat(determinism.isRequired()).isFalse();
    }
}
