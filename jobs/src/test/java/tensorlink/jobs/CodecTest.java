package tensorlink.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Digest;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.CodecError;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;

/** What stages send each other, in a codec, during a training over two workers. */
@Timeout(60)
class CodecTest {
    private static final int STEPS = 4;

    @TempDir private Path folder;

    private int runs;

    private record Result(List<Float> losses, Digest weights, CodecError error, long sent) {}

    private Result train(TensorCodec codec) throws Exception {
        var options = JobOptions.training().workers(2).batch(4, 16).microBatches(2).codec(codec);
        try (var lab = new Lab(folder.resolve(codec.name() + runs++), Patience.enough())) {
            lab.validator();
            lab.worker();
            lab.worker();
            var losses = new ArrayList<Float>();
            try (var model = lab.user().create(Lab.model(), options, JobListener.silent())) {
                var optimizer = model.optimizer(AdamW.lr(1e-2));
                for (int step = 1; step <= STEPS; step++) {
                    var batch = Lab.batch(step);
                    optimizer.zeroGrad();
                    var loss = model.forward(batch.inputs(), batch.labels());
                    losses.add(loss.value());
                    loss.backward();
                    optimizer.step();
                }
                var error = CodecError.NONE;
                long sent = 0;
                for (var stage : model.report().stages()) {
                    error = error.plus(stage.times().codecError());
                    sent += stage.times().bytesSent();
                }
                return new Result(losses, model.weightsDigest(), error, sent);
            } finally {
                lab.assertNothingIsLeft();
            }
        }
    }

    @Test
    void lossless_trains_to_the_bits_of_exact_with_fewer_bytes() throws Exception {
        var exact = train(TensorCodec.EXACT);
        var lossless = train(TensorCodec.LOSSLESS);

        assertThat(lossless.losses()).isEqualTo(exact.losses());
        assertThat(lossless.weights()).isEqualTo(exact.weights());
        assertThat(lossless.sent()).isLessThan(exact.sent());
        assertThat(exact.error().relative()).isZero();
        assertThat(lossless.error().relative()).isZero();
    }

    @Test
    void lossy_codecs_send_less_tell_their_error_and_give_the_same_bits_each_time()
            throws Exception {
        var exact = train(TensorCodec.EXACT);
        var bf16 = train(TensorCodec.BF16);
        var int8 = train(TensorCodec.INT8);

        assertThat(bf16.error().relative()).isBetween(1e-4, 1.0 / 256);
        assertThat(int8.error().relative()).isBetween(1e-3, 0.02);
        assertThat(bf16.sent()).isEqualTo(exact.sent() / 2);
        assertThat(int8.sent()).isLessThan(exact.sent() * 3 / 10);
        for (int step = 0; step < STEPS; step++) {
            assertThat(bf16.losses().get(step))
                    .isCloseTo(
                            exact.losses().get(step), org.assertj.core.data.Offset.offset(0.02f));
        }
        assertThat(bf16.weights()).isNotEqualTo(exact.weights());
        assertThat(train(TensorCodec.INT8)).isEqualTo(int8);
    }
}
