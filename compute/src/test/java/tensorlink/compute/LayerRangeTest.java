package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LayerRangeTest {
    private static final TrainingOptions OPTIONS = TrainingOptions.defaults();

    @Test
    void even_parts_differ_by_at_most_one_layer_and_leave_none_out() {
        var ranges = LayerRange.even(7, 3);

        assertThat(ranges)
                .containsExactly(new LayerRange(0, 3), new LayerRange(3, 5), new LayerRange(5, 7));
    }

    @Test
    void refuses_more_parts_than_layers_and_empty_ranges() {
        assertThatThrownBy(() -> LayerRange.even(2, 3)).hasMessage("3 parts of 2 layers");
        assertThatThrownBy(() -> new LayerRange(2, 2)).hasMessage("bad layers 2..2");
    }

    @Test
    void memory_grows_with_layers_training_and_micro_batches_in_flight() {
        var config = ModelConfig.llama(256, 4, 260, 256);
        var one = new MemoryEstimate.Load(2, 128, 1);
        var four = new MemoryEstimate.Load(2, 128, 4);
        var half = new LayerRange(0, 2);

        var whole = MemoryEstimate.ofTraining(config, config.allLayers(), one, OPTIONS);

        assertThat(whole.weights()).isEqualTo(4 * config.parameterCount());
        assertThat(whole.training()).isGreaterThan(3 * whole.weights());
        assertThat(MemoryEstimate.ofTraining(config, half, one, OPTIONS).total())
                .isLessThan(whole.total());
        assertThat(
                        MemoryEstimate.ofTraining(config, config.allLayers(), four, OPTIONS)
                                .activations())
                .isEqualTo(4 * whole.activations());
        assertThat(
                        MemoryEstimate.ofTraining(
                                        config,
                                        config.allLayers(),
                                        four,
                                        OPTIONS.withRecompute(true))
                                .activations())
                .isBetween(whole.activations(), 2 * whole.activations());
        assertThat(MemoryEstimate.ofInference(config, config.allLayers(), one).total())
                .isLessThan(whole.total());
    }
}
