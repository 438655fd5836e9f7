package tensorlink.testnet.bench;

import java.io.IOException;
import java.util.SplittableRandom;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.Optimizer;
import tensorlink.jobs.DistributedModel;

/** What the benchmarks of training do over and over. */
final class TrainingTurns {
    private TrainingTurns() {}

    /** Random tokens to predict. */
    static Batch batch(long seed, int rows, int length, int vocabulary) {
        var random = new SplittableRandom(seed);
        var tokens = new long[rows][length];
        for (var row : tokens) {
            for (int i = 0; i < length; i++) {
                row[i] = random.nextInt(vocabulary);
            }
        }
        return Batch.of(Tokens.of(tokens));
    }

    /** One step over workers, to its end; returns the loss before it. */
    static float step(DistributedModel model, Batch batch, Optimizer rule)
            throws IOException, InterruptedException {
        var optimizer = model.optimizer(rule);
        optimizer.zeroGrad();
        var loss = model.forward(batch.inputs(), batch.labels());
        loss.backward();
        optimizer.step();
        return loss.value();
    }

    /** The same in this process. */
    static float step(LocalRun run, Batch batch, int microBatches, Optimizer rule)
            throws InterruptedException {
        run.zeroGradients();
        float loss = run.forwardBackward(batch, microBatches);
        run.step(rule);
        return loss;
    }
}
