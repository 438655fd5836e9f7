package tensorlink.testnet.prove;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobLimits;

/**
 * The training that is disturbed: all of it follows from a seed, so that whoever does it gets the
 * same bits.
 */
record Exercise(long seed) {
    static final String NETWORK = "prove";
    static final int STEPS = 12;
    static final int STAGES = 2;
    static final int MICRO_BATCHES = 2;
    static final int CHECKPOINT_EVERY = 3;

    /** A worker that says nothing for so long is lost; longer than the short freeze. */
    static final Duration SILENCE = Duration.ofSeconds(4);

    private static final int VOCABULARY = 256;
    private static final int ROWS = 4;
    private static final int LENGTH = 16;

    /** What it comes to. */
    record Result(List<Float> losses, Digest weights) {
        Result {
            losses = List.copyOf(losses);
        }
    }

    static JobLimits limits() {
        return JobLimits.defaults().withSilence(Duration.ofMillis(500), SILENCE);
    }

    static JobOptions options() {
        return JobOptions.training()
                .workers(STAGES)
                .batch(ROWS, LENGTH)
                .microBatches(MICRO_BATCHES)
                .checkpointEvery(CHECKPOINT_EVERY)
                .patience(Duration.ofMinutes(1))
                .lifetime(Duration.ofMinutes(5));
    }

    Model model() {
        return Model.initialize(
                ModelConfig.llama(32, 4, VOCABULARY, 2 * LENGTH), Tokenizer.bytes(), seed);
    }

    Batch batch(int step) {
        var random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + step);
        var rows = new long[ROWS][];
        for (int row = 0; row < ROWS; row++) {
            rows[row] = random.longs(LENGTH, 0, VOCABULARY).toArray();
        }
        return Batch.of(Tokens.of(rows));
    }

    AdamW rule(int step) {
        return AdamW.lr(1e-2 / step);
    }

    /** Does it in this process, undisturbed. */
    Result alone(Engine engine) throws IOException, InterruptedException {
        try (var run = LocalRun.open(engine, model(), 1, StageOptions.forTraining(1))) {
            var losses = new ArrayList<Float>();
            for (int step = 1; step <= STEPS; step++) {
                run.zeroGradients();
                losses.add(run.forwardBackward(batch(step), MICRO_BATCHES));
                run.step(rule(step));
            }
            return new Result(losses, run.weightsDigest());
        }
    }
}
