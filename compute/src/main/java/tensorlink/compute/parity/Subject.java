package tensorlink.compute.parity;

import java.io.IOException;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Rows;
import tensorlink.compute.Sampling;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.tensor.Tensor;

/** A model being measured, on this machine or many. Tensors returned belong to the caller. */
public interface Subject {

    /** What the model gives for some rows. */
    Tensor logits(Rows inputs) throws IOException, InterruptedException;

    /** Drops the accumulated gradients. */
    void zeroGradients() throws IOException, InterruptedException;

    /** Adds the batch's gradients to the accumulated ones; returns its mean loss. */
    float forwardBackward(Batch batch) throws IOException, InterruptedException;

    /** The accumulated gradient of a parameter. */
    Tensor gradient(String parameter) throws IOException, InterruptedException;

    /** Applies the accumulated gradients. */
    void step(Optimizer optimizer) throws IOException, InterruptedException;

    /** Names all weights as they are now. */
    Digest weightsDigest() throws IOException, InterruptedException;

    /** Greedy generation of exactly {@code count} tokens. */
    List<Integer> greedy(List<Integer> prompt, int count) throws IOException, InterruptedException;

    /** A run in this process, whose batches are cut into {@code microBatches}. */
    static Subject of(LocalRun run, int microBatches) {
        return new Subject() {
            @Override
            public Tensor logits(Rows inputs) throws InterruptedException {
                return run.logits(inputs);
            }

            @Override
            public void zeroGradients() throws InterruptedException {
                run.zeroGradients();
            }

            @Override
            public float forwardBackward(Batch batch) throws InterruptedException {
                return run.forwardBackward(batch, microBatches);
            }

            @Override
            public Tensor gradient(String parameter) throws InterruptedException {
                return run.gradient(parameter);
            }

            @Override
            public void step(Optimizer optimizer) throws InterruptedException {
                run.step(optimizer);
            }

            @Override
            public Digest weightsDigest() throws InterruptedException {
                return run.weightsDigest();
            }

            @Override
            public List<Integer> greedy(List<Integer> prompt, int count)
                    throws InterruptedException {
                return run.generate(prompt, count, Sampling.greedy());
            }
        };
    }
}
