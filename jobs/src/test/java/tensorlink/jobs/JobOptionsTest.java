package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.job.Purpose;
import tensorlink.ledger.Amount;
import tensorlink.p2p.peer.KeyPair;

class JobOptionsTest {

    @Test
    void each_change_keeps_the_others() {
        var worker = KeyPair.generate().peerId();

        var published = new Publication("lab", "small", "0a".repeat(20));
        var options =
                JobOptions.training()
                        .batch(6, 128)
                        .microBatches(3)
                        .codec(TensorCodec.BF16)
                        .maxPrice(Amount.of(5))
                        .lifetime(Duration.ofHours(1))
                        .checkpointEvery(7)
                        .patience(Duration.ofMinutes(2))
                        .keptIn(Path.of("kept"))
                        .published(published)
                        .how(TrainingOptions.with(Sgd.lr(1)))
                        .on(List.of(worker))
                        .here(1, 2);

        assertThat(options)
                .isEqualTo(
                        new JobOptions(
                                Purpose.TRAINING,
                                1,
                                6,
                                128,
                                3,
                                TrainingOptions.with(Sgd.lr(1)),
                                List.of(worker),
                                List.of(),
                                1,
                                2,
                                TensorCodec.BF16,
                                Amount.of(5),
                                Duration.ofHours(1),
                                7,
                                Duration.ofMinutes(2),
                                Path.of("kept"),
                                published));
    }

    @Test
    void training_and_inference_begin_free_of_charge_on_any_workers() {
        for (var options : List.of(JobOptions.training(), JobOptions.inference())) {
            assertThat(options.maxPrice()).isEqualTo(Amount.ZERO);
            assertThat(options.pinned()).isEmpty();
            assertThat(options.workers()).isZero();
        }
        assertThat(JobOptions.inference().purpose()).isEqualTo(Purpose.INFERENCE);
    }

    @Test
    void a_batch_has_rows_and_micro_batches() {
        assertThatThrownBy(() -> JobOptions.training().batch(0, 16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("0 rows of 16 in 4 micro-batches");
        assertThatThrownBy(() -> JobOptions.training().batch(1, -1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> JobOptions.training().microBatches(0))
                .hasMessageContaining("0 micro-batches");
    }

    @Test
    void a_checkpoint_comes_after_at_least_one_step_and_patience_is_not_negative() {
        assertThatThrownBy(() -> JobOptions.training().checkpointEvery(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a checkpoint every 0 steps, at least 1");
        assertThatThrownBy(() -> JobOptions.training().patience(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience PT-1S, zero or more");
    }

    @Test
    void a_generation_has_at_least_one_token() {
        assertThatThrownBy(() -> GenerateOptions.greedy(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 1");
    }
}
