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
 * Measures how fast this machine computes: trains two small Llamas for well under a second of one
 * processor, and copies memory. Of several turns the fastest counts, because what else runs here
 * only ever slows it down.
 *
 * <p>One model is wide and the other narrow; how much longer the wide one takes says how long
 * arithmetic takes, and what is left of the narrow one's time is what a layer takes without it.
 */
public final class SpeedTrial {
    private static final ModelConfig WIDE = ModelConfig.llama(512, 2, 256, 128);
    private static final ModelConfig NARROW = ModelConfig.llama(128, 2, 256, 64);
    private static final int ROWS = 2;
    private static final int TURNS = 4;
    private static final long COPIED = 32L << 20;

    private SpeedTrial() {}

    /** Measures with {@code threads} for the kernels of a stage. */
    public static Speed run(Engine engine, int threads) throws IOException, InterruptedException {
        var wide = fastest(engine, WIDE, threads);
        var narrow = fastest(engine, NARROW, threads);
        var much = work(WIDE);
        var little = work(NARROW);
        var forward =
                Line.through(little.forward(), narrow.forward(), much.forward(), wide.forward());
        var backward =
                Line.through(
                        little.backward(), narrow.backward(), much.backward(), wide.backward());
        return new Speed(
                forward.perSecond(),
                backward.perSecond(),
                much.step() / wide.step(),
                memory(engine, threads),
                forward.seconds() / NARROW.layers(),
                backward.seconds() / NARROW.layers());
    }

    private static Work work(ModelConfig config) {
        return Work.ofTraining(config, config.allLayers(), ROWS, config.contextLength());
    }

    /**
     * Time as some seconds and more with the work.
     *
     * @param perSecond work that is done in one
     */
    record Line(double seconds, double perSecond) {
        /** The line through two measurements; through the larger alone where noise bends it. */
        static Line through(double little, double brief, double much, double lengthy) {
            double perSecond = (much - little) / (lengthy - brief);
            double seconds = brief - little / perSecond;
            return lengthy > brief && seconds > 0
                    ? new Line(seconds, perSecond)
                    : new Line(0, much / lengthy);
        }
    }

    private static Turn fastest(Engine engine, ModelConfig config, int threads)
            throws IOException, InterruptedException {
        var model = Model.initialize(config, Tokenizer.bytes(), 1);
        var part = Batch.of(Tokens.of(new long[ROWS][config.contextLength()])).split(1).getFirst();
        var best = new Turn(Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE);
        try (var stage =
                engine.open(
                        config,
                        config.allLayers(),
                        model.weights(),
                        StageOptions.forTraining(threads))) {
            turn(stage, part); // what is only slow at first
            for (int i = 0; i < TURNS; i++) {
                best = best.orFaster(turn(stage, part));
            }
        }
        return best;
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

    /** Of a card's memory its own copies tell. */
    private static double memory(Engine engine, int threads)
            throws IOException, InterruptedException {
        return engine.profile().device().startsWith("cuda")
                ? engine.limits(threads).memory()
                : memory();
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
