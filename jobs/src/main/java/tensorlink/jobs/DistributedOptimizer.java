package tensorlink.jobs;

import java.io.IOException;
import tensorlink.compute.optim.Optimizer;

/**
 * Moves the parameters of a {@link DistributedModel}, wherever they are. For one thread at a time.
 */
public final class DistributedOptimizer {
    private final DistributedModel model;
    private Optimizer rule;

    DistributedOptimizer(DistributedModel model, Optimizer rule) {
        this.model = model;
        this.rule = rule;
    }

    /** Drops the gradients accumulated so far, when the next batch comes. */
    public void zeroGrad() {
        model.zeroGrad();
    }

    /**
     * Applies the accumulated gradients on every stage, or on none: each stage prepares, the commit
     * is forced to disk here, and then each applies it.
     *
     * @return the norm of all gradients together; its last digits depend on the split into stages
     * @throws IllegalStateException when nothing has been accumulated
     * @throws IOException when the job has failed, or the commit cannot be written
     */
    public double step() throws IOException, InterruptedException {
        return model.step(rule);
    }

    /** How many steps count. */
    public long steps() {
        return model.steps();
    }

    /** The rule for coming steps, such as another learning rate. */
    public void use(Optimizer next) {
        model.requireRoom(next);
        rule = next;
    }

    public Optimizer rule() {
        return rule;
    }
}
