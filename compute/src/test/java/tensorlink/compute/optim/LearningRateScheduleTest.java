package tensorlink.compute.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.optim.LearningRateSchedule.Constant;
import tensorlink.compute.optim.LearningRateSchedule.Cosine;
import tensorlink.compute.optim.LearningRateSchedule.Linear;
import tensorlink.compute.optim.LearningRateSchedule.Plateau;
import tensorlink.compute.optim.LearningRateSchedule.PlateauRule;
import tensorlink.compute.optim.LearningRateSchedule.Stairs;

/** Against torch and transformers; see make_optimizers.py beside the goldens. */
class LearningRateScheduleTest {
    private static final int STEPS = 60;
    private static final Map<String, LearningRateSchedule> SCHEDULES =
            Map.of(
                    "constant", new Constant(10),
                    "stairs", new Stairs(7, 0.5),
                    "linear", new Linear(10, 50),
                    "cosine", new Cosine(10, 60, 0),
                    "cosine-floor", new Cosine(0, 60, 0.1),
                    "plateau", Plateau.of(new PlateauRule(0.5, 3, 0.01, 2, 0.05)));

    @ParameterizedTest
    @ValueSource(strings = {"constant", "stairs", "linear", "cosine", "cosine-floor", "plateau"})
    void gives_the_rates_of_torch_for_every_step(String name) throws Exception {
        var expected = golden("schedule." + name);
        var metrics = golden("metrics");
        var schedule = Objects.requireNonNull(SCHEDULES.get(name));

        for (int step = 0; step < STEPS; step++) {
            assertThat(schedule.factor(step))
                    .as("step %d", step)
                    .isCloseTo(expected.getDouble(), within(1e-12));
            schedule = schedule.after(metrics.getDouble());
        }
    }

    @Test
    void refuses_what_is_no_schedule() {
        assertThatThrownBy(() -> new Constant(-1)).hasMessage("warm-up -1, at least 0");
        assertThatThrownBy(() -> new Stairs(0, 0.5)).hasMessage("stair 0, at least 1");
        assertThatThrownBy(() -> new Stairs(1, 1.5)).hasMessage("factor 1.5 is out of range");
        assertThatThrownBy(() -> new Linear(10, 10)).hasMessage("total 10, at least 11");
        assertThatThrownBy(() -> new Cosine(0, 1, 2)).hasMessage("floor 2.0 is out of range");
        assertThatThrownBy(() -> new PlateauRule(1, 0, 0, 0, 0))
                .hasMessage("factor 1.0 is out of range");
    }

    @Test
    void a_norm_within_the_limit_leaves_gradients_alone_and_none_is_no_norm() {
        var rule = Sgd.lr(1);

        assertThat(Update.clipped(rule, 0.5, 1)).isEqualTo(Update.of(rule));
        assertThat(Update.clipped(rule, 4, 1).gradientScale()).isCloseTo(.25f, within(1e-6f));
        assertThat(Update.clipped(rule, Double.NaN, Double.POSITIVE_INFINITY))
                .isEqualTo(Update.of(rule));
        assertThatThrownBy(() -> Update.clipped(rule, Double.NaN, 1))
                .isInstanceOf(ArithmeticException.class)
                .hasMessage("the gradients have the norm NaN");
        assertThatThrownBy(() -> Update.clipped(rule, 1, 0))
                .hasMessage("largest norm 0.0 is out of range");
        assertThatThrownBy(() -> new Update(rule, 1.5f))
                .hasMessage("gradient scale 1.5 is out of range");
    }

    @Test
    void refuses_what_is_no_optimizer() {
        assertThatThrownBy(() -> Sgd.lr(-1)).hasMessage("learning rate -1.0 is out of range");
        assertThatThrownBy(() -> Sgd.lr(1).withMomentum(Double.NaN))
                .hasMessage("momentum NaN is out of range");
        assertThatThrownBy(() -> new Sgd(1, 0, 0, 0, true))
                .hasMessageStartingWith("Nesterov needs momentum");
        assertThatThrownBy(() -> Adam.lr(1).withBetas(1, 0))
                .hasMessage("beta1 1.0 is out of range");
        assertThatThrownBy(() -> AdamW.lr(1).withEpsilon(0))
                .hasMessage("epsilon 0.0 is out of range");
        assertThatThrownBy(() -> Adagrad.lr(1).withInitialAccumulator(-1))
                .hasMessage("initial accumulator -1.0 is out of range");
        assertThatThrownBy(() -> RmsProp.lr(1).withAlpha(1))
                .hasMessage("alpha 1.0 is out of range");
        assertThatThrownBy(() -> Adafactor.lr(1).withClipping(0.5))
                .hasMessage("clipping 0.5 is out of range");
    }

    private static ByteBuffer golden(String name) throws Exception {
        var url =
                Objects.requireNonNull(
                        LearningRateScheduleTest.class.getResource(
                                "/optimizers/golden.safetensors"));
        var bytes = new byte[STEPS * Double.BYTES];
        try (var golden = Safetensors.open(Path.of(url.toURI()))) {
            golden.read(name, 0, MemorySegment.ofArray(bytes));
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
