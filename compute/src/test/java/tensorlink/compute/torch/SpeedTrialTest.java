package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SpeedTrialTest {
    @Test
    void measures_speeds_that_a_processor_can_have_and_leaves_nothing() throws Exception {
        var engine = Engines.shared();
        long before = engine.arrays();

        var speed = SpeedTrial.run(engine, 1);

        assertThat(speed.forward()).as("operations per second").isBetween(1e6, 1e14);
        assertThat(speed.backward()).as("operations per second").isBetween(1e6, 1e14);
        assertThat(speed.step()).as("bytes per second").isBetween(1e4, 1e13);
        assertThat(speed.memory()).as("bytes per second").isBetween(1e6, 1e13);
        assertThat(engine.arrays()).isEqualTo(before);
    }
}
