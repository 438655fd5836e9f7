package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Device;
import tensorlink.compute.DeviceException;
import tensorlink.compute.Digest;
import tensorlink.compute.Engine;
import tensorlink.compute.Frozen;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.Precision;
import tensorlink.compute.Sampling;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.parity.Golden;
import tensorlink.compute.schedule.Schedule;

/** What goes by way of the processor to a device and back has the bits that it would have there. */
class PretendedDeviceTest {
    private static TorchEngine device;

    @BeforeAll
    static void open() throws Exception {
        device = TorchEngine.pretended();
    }

    @AfterAll
    static void close() {
        device.close();
    }

    private record Told(List<Float> losses, Digest weights, Digest logits, List<Integer> text) {}

    private static Told told(Engine engine, String name, TrainingOptions how) throws Exception {
        var folder = Goldens.folder(name);
        var model = Model.load(folder);
        var golden = Golden.open(folder, model.architecture());
        var batch = golden.batch();
        var losses = new ArrayList<Float>();
        var options = StageOptions.forTraining(how, 1);
        try (var run = LocalRun.open(engine, model, 2, options);
                var logits = run.logits(golden.inputs())) {
            for (int step = 0; step < 3; step++) {
                run.zeroGradients();
                losses.add(run.forwardBackward(batch, 2));
                run.step(AdamW.lr(1e-3));
            }
            var text =
                    model.architecture().causal()
                            ? run.generate(List.of(1, 2, 3), 5, Sampling.greedy())
                            : List.<Integer>of();
            return new Told(losses, run.weightsDigest(), Digest.of(logits.data()), text);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2", "gemma2", "bert-classify", "graph-cnn"})
    void training_serving_and_generating_give_the_bits_of_the_processor(String name)
            throws Exception {
        var how = TrainingOptions.defaults();

        assertThat(told(device, name, how)).isEqualTo(told(Engines.shared(), name, how));
    }

    static List<TrainingOptions> ways() {
        var plain = TrainingOptions.defaults();
        return List.of(
                plain.withRecompute(true),
                plain.withSchedule(Schedule.ZB_H1),
                plain.withReplicas(2),
                plain.withPrecision(Precision.BF16),
                plain.withFrozen(new Frozen(List.of("model.embed_tokens.*"))));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void so_does_every_way_of_training(TrainingOptions how) throws Exception {
        assertThat(told(device, "qwen2", how)).isEqualTo(told(Engines.shared(), "qwen2", how));
    }

    @Test
    void a_run_goes_on_elsewhere_from_what_a_device_holds() throws Exception {
        var folder = Goldens.folder("llama");
        var model = Model.load(folder);
        var batch = Golden.open(folder, model.architecture()).batch();
        var options = StageOptions.forTraining(1);
        try (var there = LocalRun.open(device, model, 2, options)) {
            there.forwardBackward(batch, 1);
            there.step(AdamW.lr(1e-3));
            try (var state = there.state();
                    var here = LocalRun.open(Engines.shared(), model, state, 1, options)) {
                assertThat(here.weightsDigest()).isEqualTo(there.weightsDigest());
                for (var run : List.of(there, here)) {
                    run.zeroGradients();
                    run.forwardBackward(batch, 1);
                    run.step(AdamW.lr(1e-3));
                }
                assertThat(here.weightsDigest()).isEqualTo(there.weightsDigest());
            }
        }
    }

    @Test
    void steps_leave_no_arrays_behind() throws Exception {
        var folder = Goldens.folder("llama");
        var model = Model.load(folder);
        var batch = Golden.open(folder, model.architecture()).batch();
        try (var run = LocalRun.open(device, model, 1, StageOptions.forTraining(1))) {
            run.forwardBackward(batch, 1);
            run.step(AdamW.lr(1e-3));
            long after = device.arrays();
            for (int step = 0; step < 3; step++) {
                run.zeroGradients();
                run.forwardBackward(batch, 1);
                run.step(AdamW.lr(1e-3));
            }
            assertThat(device.arrays()).isEqualTo(after);
        }
    }

    @Test
    void a_card_that_these_natives_cannot_use_is_refused_and_not_replaced() {
        assertThatThrownBy(() -> TorchEngine.open(Device.cuda(3)))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("cannot compute on cuda:3: libtorch ")
                .hasMessageContainingAll("CUDA");
    }
}
