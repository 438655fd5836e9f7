package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Digest;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.Precision;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.Tensor;

/** Training whose products of matrices are of BF16, beside torch's autocast: see make_bf16.py. */
class PrecisionTest {
    private static final TorchEngine ENGINE = Engines.shared();
    private static final AdamW RULE = AdamW.lr(1e-3);
    private static final TrainingOptions NARROW =
            TrainingOptions.with(RULE).withPrecision(Precision.BF16);

    /** What must not depend on the split: the losses, and the weights after all. */
    private record Trained(List<Float> losses, Digest weights) {}

    private static Trained train(
            String name, int stages, TrainingOptions how, int threads, int steps) throws Exception {
        var model = Model.load(Goldens.folder(name)).withoutDropout();
        var batch = Golden.open(Goldens.folder(name), model.config()).batch();
        try (var run =
                LocalRun.open(ENGINE, model, stages, StageOptions.forTraining(how, threads))) {
            var losses = new ArrayList<Float>();
            for (int step = 0; step < steps; step++) {
                run.zeroGradients();
                losses.add(run.forwardBackward(batch, 2));
                run.step(RULE, 1e3);
            }
            return new Trained(losses, run.weightsDigest());
        }
    }

    private static Tensor expected(String name) throws Exception {
        try (var golden = Goldens.open("/training/bf16.safetensors")) {
            return Goldens.tensor(golden, name + ".losses");
        }
    }

    /** Torch rounds at other places; its own losses are at most 0.001 from those in F32. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen3", "gemma2", "gpt2", "gpt-neox", "bert-classify"})
    void losses_are_near_those_of_torch_and_the_same_bits_in_any_split(String name)
            throws Exception {
        var whole = train(name, 1, NARROW, 1, 20);

        try (var losses = expected(name)) {
            for (int step = 0; step < 20; step++) {
                assertThat(whole.losses().get(step))
                        .as("loss of step %d", step)
                        .isCloseTo(losses.floatAt(step), within(2e-3f));
            }
        }
        assertThat(train(name, 2, NARROW, 1, 20)).isEqualTo(whole);
        assertThat(train(name, 3, NARROW.withRecompute(true), 1, 20)).isEqualTo(whole);
        assertThat(train(name, 1, TrainingOptions.with(RULE), 1, 20).losses())
                .isNotEqualTo(whole.losses());
    }

    @Test
    void two_threads_where_the_profile_says_so_and_backwards_in_two_parts_give_the_same_bits()
            throws Exception {
        var whole = train("llama", 1, NARROW, 1, 3);

        Engines.assertBitsOfAnyThreads(train("llama", 2, NARROW, 2, 3), whole);
        assertThat(train("llama", 2, NARROW.withSchedule(Schedule.ZB_H1), 1, 3)).isEqualTo(whole);
    }

    @Test
    void a_layer_graph_is_refused() throws Exception {
        var model = Model.load(Goldens.folder("graph-mlp"));

        assertThatThrownBy(
                        () -> LocalRun.open(ENGINE, model, 1, StageOptions.forTraining(NARROW, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("precision BF16: a layer graph is trained in F32");
    }
}
