package tensorlink.jobs;

import java.io.IOException;
import tensorlink.compute.optim.LearningRateSchedule;
import tensorlink.compute.optim.Optimizer;

/**
 * Moves the parameters of a {@link DistributedModel}, wherever they are. For one thread at a time.
 */
public final class DistributedOptimizer {
    private final DistributedModel model;
    private Optimizer rule;
    private LearningRateSchedule schedule = new LearningRateSchedule.Constant(0);
    private double maxNorm = Double.POSITIVE_INFINITY;
    private double norm;

    DistributedOptimizer(DistributedModel model, Optimizer rule) {
        this.model = model;
        this.rule = rule;
    }

    /** Multiplies the rule's learning rate by what {@code changes} says for each coming step. */
    public DistributedOptimizer schedule(LearningRateSchedule changes) {
        schedule = changes;
        return this;
    }

    /**
     * Scales the gradients of coming steps so that the norm of all of them together, on whichever
     * workers, is at most {@code limit}, above 0.
     */
    public DistributedOptimizer clipNorm(double limit) {
        if (!(limit > 0)) {
            throw new IllegalArgumentException("largest norm " + limit + " is out of range");
        }
        maxNorm = limit;
        return this;
    }

    /** Drops the gradients accumulated so far, when the next batch comes. */
    public void zeroGrad() {
        model.zeroGrad();
    }

    /**
     * Applies the accumulated gradients on every stage, or on none: each stage prepares, the commit
     * is forced to disk here, and then each applies it.
     *
     * @return the norm of all gradients together, before clipping
     * @throws IllegalStateException when nothing has been accumulated
     * @throws ArithmeticException when the gradients are to be clipped and their norm is not
     *     finite; nothing has changed then
     * @throws IOException when the job has failed, or the commit cannot be written
     */
    public double step() throws IOException, InterruptedException {
        norm = model.step(rule.withLearningRate(learningRate()), maxNorm);
        return norm;
    }

    /** The learning rate of the coming step. */
    public double learningRate() {
        return rule.learningRate() * schedule.factor(model.steps());
    }

    /** The norm of the last step's gradients before clipping; 0 before the first. */
    public double gradientNorm() {
        return norm;
    }

    /** Tells the schedule a metric, which should fall, such as the loss of held-out data. */
    public void observe(double metric) {
        schedule = schedule.after(metric);
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
