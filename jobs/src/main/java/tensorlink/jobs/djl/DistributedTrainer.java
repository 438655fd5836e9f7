package tensorlink.jobs.djl;

import ai.djl.Model;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import tensorlink.jobs.DistributedOptimizer;

/**
 * A trainer of a model with a {@link DistributedBlock}: a step moves the parameters on the workers,
 * all of them or none, and then those of the other blocks, which the configuration's own optimizer
 * moves.
 */
public final class DistributedTrainer extends Trainer {
    private final DistributedBlock block;
    private final DistributedOptimizer optimizer;

    /**
     * @param model whose block is {@code block}, or has it as a part
     * @param optimizer of what is on the workers
     */
    public DistributedTrainer(
            Model model,
            TrainingConfig how,
            DistributedBlock block,
            DistributedOptimizer optimizer) {
        super(model, how);
        this.block = block;
        this.optimizer = optimizer;
    }

    @Override
    public void step() {
        block.step(optimizer);
        if (!getModel().getBlock().getParameters().isEmpty()) {
            super.step();
        }
    }
}
