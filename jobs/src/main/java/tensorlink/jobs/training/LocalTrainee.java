package tensorlink.jobs.training;

import java.io.IOException;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.optim.Optimizer;
import tensorlink.jobs.DistributedModel;

/** A model in this process. */
record LocalTrainee(LocalRun run, Model model, int microBatches, Last last)
        implements Trainee<Batch> {

    LocalTrainee(LocalRun run, Model model, int microBatches) {
        this(run, model, microBatches, new Last());
    }

    /** The loss of the last batch. */
    private static final class Last {
        private float loss;
    }

    @Override
    public int rowsMin() {
        return run.replicas();
    }

    @Override
    public long steps() {
        return run.steps();
    }

    @Override
    public void backward(Batch batch) throws InterruptedException {
        run.zeroGradients();
        last.loss = run.forwardBackward(batch, parts(batch));
    }

    @Override
    public Stepped step(Optimizer rule, double maxNorm) throws InterruptedException {
        return new Stepped(last.loss, run.step(rule, maxNorm));
    }

    @Override
    public Evaluation evaluate(Batch batch) throws IOException, InterruptedException {
        float loss = run.evaluate(batch, parts(batch));
        return new Evaluation(loss, Answers.of(batch, batch.split(parts(batch)), run::logits));
    }

    @Override
    public void readState(DistributedModel.StateReader reader)
            throws IOException, InterruptedException {
        try (var state = run.state()) {
            reader.read(state);
        }
    }

    private int parts(Batch batch) {
        return Math.min(microBatches, batch.inputs().rows());
    }
}
