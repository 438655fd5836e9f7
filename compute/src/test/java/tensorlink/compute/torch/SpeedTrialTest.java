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
        assertThat(speed.forwardLayer()).as("seconds a layer").isBetween(0.0, 1.0);
        assertThat(speed.backwardLayer()).as("seconds a layer").isBetween(0.0, 1.0);
        assertThat(speed.memory()).as("bytes per second").isBetween(1e6, 1e13);
        assertThat(engine.arrays()).isEqualTo(before);
    }

    @Test
    void two_measurements_tell_what_takes_time_by_itself() {
        var line = SpeedTrial.Line.through(10, 3, 90, 11);

        assertThat(line).isEqualTo(new SpeedTrial.Line(2, 10));
    }

    @Test
    void noise_that_makes_little_work_slower_than_much_is_not_believed() {
        assertThat(SpeedTrial.Line.through(10, 12, 90, 9)).isEqualTo(new SpeedTrial.Line(0, 10));
        assertThat(SpeedTrial.Line.through(10, 0.5, 90, 9)).isEqualTo(new SpeedTrial.Line(0, 10));
    }
}
