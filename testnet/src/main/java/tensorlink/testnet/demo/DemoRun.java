package tensorlink.testnet.demo;

import java.io.IOException;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Engine;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.node.TextData;
import tensorlink.p2p.core.Scheduler;

/**
 * The demo's training run as numbers: which model, which batches, which rule. Whoever follows it
 * gets the same bits.
 *
 * @param seed of the fresh weights and of the batches
 */
record DemoRun(Model model, TextData.Split data, int steps, long seed) {
    static final int HIDDEN = 256;
    static final int LAYERS = 4;
    static final int ROWS = 8;
    static final int LENGTH = 128;
    static final int MICRO_BATCHES = 4;

    private static final int CONTEXT = 256;
    private static final int HELD_OUT_BATCHES = 8;
    private static final double LEARNING_RATE = 2e-3;
    private static final int WARM_UP_STEPS = 10;

    static DemoRun of(SourceText source, int steps, long seed) {
        var tokenizer = Tokenizer.bytes();
        var config = ModelConfig.llama(HIDDEN, LAYERS, tokenizer.vocabularySize(), CONTEXT);
        return new DemoRun(
                Model.initialize(config, tokenizer, seed),
                TextData.of(tokenizer, source.text()).split(0.95),
                steps,
                seed);
    }

    Batch batch(int step) {
        return data.training().batch(seed, step, ROWS, LENGTH);
    }

    /** The learning rate rises over the first steps, then falls to a tenth along a cosine. */
    AdamW rule(int step) {
        double warm = Math.min(1, step / (double) WARM_UP_STEPS);
        double done = step / (double) Math.max(1, steps);
        double cosine = 0.55 + 0.45 * StrictMath.cos(StrictMath.PI * done);
        return AdamW.lr(LEARNING_RATE * warm * cosine);
    }

    List<Batch> heldOut() {
        return data.heldOut().evenBatches(HELD_OUT_BATCHES, ROWS, LENGTH);
    }

    long tokens() {
        return (long) steps * ROWS * LENGTH;
    }

    /** What a run in one process came to. */
    record Alone(Digest weights, float lastLoss, double tokensPerSecond) {}

    /** Does the same in this process, without a network. */
    Alone alone(Engine engine, int threads, Scheduler scheduler)
            throws IOException, InterruptedException {
        try (var run = LocalRun.open(engine, model, 1, StageOptions.forTraining(threads))) {
            long begun = scheduler.nanoTime();
            float loss = 0;
            for (int step = 1; step <= steps; step++) {
                run.zeroGradients();
                loss = run.forwardBackward(batch(step), MICRO_BATCHES);
                run.step(rule(step));
            }
            double seconds = (scheduler.nanoTime() - begun) / 1e9;
            return new Alone(run.weightsDigest(), loss, tokens() / seconds);
        }
    }
}
