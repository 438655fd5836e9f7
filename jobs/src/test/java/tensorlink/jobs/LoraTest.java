package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Lora;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.optim.AdamW;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** Low-rank adapters over workers, beside one process. */
@Timeout(120)
class LoraTest {
    private static final AdamW RULE = AdamW.lr(1e-2);

    @TempDir private Path folder;

    @Test
    void adapters_over_workers_learn_the_bits_of_one_process_and_are_saved_alone_and_merged()
            throws Exception {
        var start = Lab.model().withLora(new Lora(4, 8, List.of("q_proj", "v_proj")), 1);
        var how = TrainingOptions.with(RULE).withFrozen(Lora.base(start.config()));
        var options = JobOptions.training().workers(2).batch(4, 16).microBatches(2).how(how);
        try (var lab = new Lab(folder.resolve("lab"), Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            try (var model = lab.user().create(start, options, JobListener.silent());
                    var alone =
                            LocalRun.open(Lab.ENGINE, start, 1, StageOptions.forTraining(how, 1))) {
                var optimizer = model.optimizer(RULE);
                var losses = new ArrayList<Float>();
                var expected = new ArrayList<Float>();
                for (int step = 1; step <= 3; step++) {
                    var batch = Lab.batch(step);
                    optimizer.zeroGrad();
                    var loss = model.forward(batch.inputs(), batch.labels());
                    loss.backward();
                    losses.add(loss.value());
                    optimizer.step();
                    alone.zeroGradients();
                    expected.add(alone.forwardBackward(batch, 2));
                    alone.step(RULE);
                }

                model.save(folder.resolve("merged"));
                model.saveAdapters(folder.resolve("adapters"));

                assertThat(losses).isEqualTo(expected);
                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
                assertSavedAsLearnt(alone);
            }
        }
    }

    private void assertSavedAsLearnt(LocalRun alone) throws Exception {
        var inputs = Lab.batch(9).inputs();
        var merged = Model.load(folder.resolve("merged"));
        try (var again = LocalRun.open(Lab.ENGINE, merged, 1, StageOptions.forInference(1));
                var found = again.logits(inputs);
                var learnt = alone.logits(inputs)) {
            for (long i = 0; i < learnt.elements(); i++) {
                assertThat(Math.abs(found.floatAt(i) - learnt.floatAt(i))).isLessThan(1e-5f);
            }
        }
        try (var adapters =
                Safetensors.open(folder.resolve("adapters/adapter_model.safetensors"))) {
            assertThat(adapters.tensors())
                    .hasSize(12)
                    .allMatch(it -> it.name().startsWith("base_model.model.model.layers."));
        }
    }
}
