package tensorlink.testnet.parity;

import java.io.IOException;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Rows;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.parity.Subject;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.DistributedOptimizer;
import tensorlink.jobs.GenerateOptions;

/** A model on workers, to be measured like one in this process. */
final class DistributedSubject implements Subject {
    private final DistributedModel model;
    private final DistributedOptimizer optimizer;

    DistributedSubject(DistributedModel model) {
        this.model = model;
        this.optimizer = model.optimizer(AdamW.lr(0)); // each step brings its own rule
    }

    @Override
    public Tensor logits(Rows inputs) throws IOException, InterruptedException {
        return model.logits(inputs);
    }

    @Override
    public void zeroGradients() {
        optimizer.zeroGrad();
    }

    @Override
    public float forwardBackward(Batch batch) throws IOException, InterruptedException {
        var loss = model.forward(batch.inputs(), batch.labels());
        loss.backward();
        return loss.value();
    }

    @Override
    public Tensor gradient(String parameter) throws IOException, InterruptedException {
        return model.gradient(parameter);
    }

    @Override
    public void step(Optimizer rule) throws IOException, InterruptedException {
        optimizer.use(rule);
        optimizer.step();
    }

    @Override
    public Digest weightsDigest() throws IOException, InterruptedException {
        return model.weightsDigest();
    }

    @Override
    public List<Integer> greedy(List<Integer> prompt, int count)
            throws IOException, InterruptedException {
        return model.generate(prompt, GenerateOptions.greedy(count), _ -> {});
    }
}
