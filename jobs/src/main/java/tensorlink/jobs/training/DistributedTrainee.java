package tensorlink.jobs.training;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.Batch;
import tensorlink.compute.Model;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Sgd;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.DistributedOptimizer;
import tensorlink.jobs.Loss;

/** A model whose layers live on workers. */
final class DistributedTrainee implements Trainee<Batch> {
    private final DistributedModel model;
    private final DistributedOptimizer optimizer;
    private @Nullable Loss loss;

    DistributedTrainee(DistributedModel model) {
        this.model = model;
        this.optimizer = model.optimizer(Sgd.lr(0)); // each step brings its own rule
    }

    @Override
    public Model model() {
        return model.model();
    }

    @Override
    public int rowsMin() {
        return model.replicas();
    }

    @Override
    public long steps() {
        return optimizer.steps();
    }

    @Override
    public void backward(Batch batch) throws IOException, InterruptedException {
        optimizer.zeroGrad();
        var begun = model.forward(batch.inputs(), batch.labels());
        begun.backward();
        loss = begun;
    }

    @Override
    public Stepped step(Optimizer rule, double maxNorm) throws IOException, InterruptedException {
        var begun = loss;
        if (begun == null) {
            throw new IllegalStateException("no batch to step by");
        }
        optimizer.use(rule);
        optimizer.clipNorm(maxNorm).step();
        return new Stepped(begun.value(), optimizer.gradientNorm());
    }

    @Override
    public Evaluation evaluate(Batch batch) throws IOException, InterruptedException {
        float value = model.evaluate(batch.inputs(), batch.labels());
        var parts = batch.split(model.microBatches(batch.inputs().rows()));
        return new Evaluation(value, Answers.of(batch, parts, model::logits));
    }

    @Override
    public void readState(DistributedModel.StateReader reader)
            throws IOException, InterruptedException {
        model.readState(reader);
    }
}
