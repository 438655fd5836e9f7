package tensorlink.compute.torch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.function.ToDoubleFunction;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.MicroBatch;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Speed;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.Work;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;

/**
 * Measures how fast this machine computes: trains a small Llama for well under a second of one
 * processor, and copies memory. Of several turns the fastest counts, because what else runs here
 * only ever slows it down.
 */
public final class SpeedTrial {
    private static final ModelConfig CONFIG = ModelConfig.llama(512, 2, 256, 128);
    private static final int ROWS = 2;
    private static final int TURNS = 4;
    private static final long COPIED = 32L << 20;

    private SpeedTrial() {}

    /** Measures with {@code threads} for the kernels of a stage. */
    public static Speed run(Engine engine, int threads) throws IOException, InterruptedException {
        var model = Model.initialize(CONFIG, Tokenizer.bytes(), 1);
        var part = Batch.of(Tokens.of(new long[ROWS][CONFIG.contextLength()])).split(1).getFirst();
        var best = new Turn(Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE);
        try (var stage =
                engine.open(
                        CONFIG,
                        CONFIG.allLayers(),
                        model.weights(),
                        StageOptions.forTraining(threads))) {
            turn(stage, part); // what is only slow at first
            for (int i = 0; i < TURNS; i++) {
                best = best.orFaster(turn(stage, part));
            }
        }
        var work = Work.ofTraining(CONFIG, CONFIG.allLayers(), ROWS, CONFIG.contextLength());
        return new Speed(
                work.forward() / best.forward(),
                work.backward() / best.backward(),
                work.step() / best.step(),
                memory());
    }

    /** Seconds of each part. */
    private record Turn(double forward, double backward, double step) {
        Turn orFaster(Turn other) {
            return new Turn(
                    least(other, Turn::forward),
                    least(other, Turn::backward),
                    least(other, Turn::step));
        }

        private double least(Turn other, ToDoubleFunction<Turn> part) {
            return Math.min(part.applyAsDouble(this), part.applyAsDouble(other));
        }
    }

    private static Turn turn(Stage stage, MicroBatch part) throws InterruptedException {
        stage.zeroGradients();
        long begun = System.nanoTime();
        stage.forwardLoss(0, part.inputs().toTensor(), part.labels().toTensor(), part.labelCount());
        long forward = System.nanoTime();
        stage.backward(0, null);
        long backward = System.nanoTime();
        stage.prepare(null);
        stage.apply(stage.step() + 1, AdamW.lr(1e-4));
        long step = System.nanoTime();
        return new Turn(
                (forward - begun) / 1e9, (backward - forward) / 1e9, (step - backward) / 1e9);
    }

    private static double memory() {
        try (var arena = Arena.ofConfined()) {
            var from = arena.allocate(COPIED);
            var to = arena.allocate(COPIED);
            to.copyFrom(from);
            double best = Double.MAX_VALUE;
            for (int i = 0; i < TURNS; i++) {
                long begun = System.nanoTime();
                to.copyFrom(from);
                best = Math.min(best, (System.nanoTime() - begun) / 1e9);
            }
            return 2 * COPIED / best; // what is read, and what is written
        }
    }
}
