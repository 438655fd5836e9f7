package tensorlink.jobs.training;

import java.io.IOException;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.optim.Optimizer;
import tensorlink.jobs.DistributedModel;

/**
 * What a {@link Trainer} needs of a model, wherever its layers are. For one thread at a time.
 *
 * @param <B> what it learns from in one step
 */
public interface Trainee<B> {

    /** A model whose layers live on workers. */
    static Trainee<Batch> of(DistributedModel model) {
        return new DistributedTrainee(model);
    }

    /**
     * A model in this process, with the bits of one whose layers live on workers.
     *
     * @param model what {@code run} was opened with
     * @param microBatches how many parts a batch is cut into, as on the workers
     */
    static Trainee<Batch> of(LocalRun run, Model model, int microBatches) {
        return new LocalTrainee(run, model, microBatches);
    }

    /** Configuration and tokenizer, for checkpoints. */
    Model model();

    /** The fewest rows of a batch to learn from: one for each replica. */
    default int rowsMin() {
        return 1;
    }

    /** How many steps count. */
    long steps();

    /** Drops all gradients and begins to compute those of {@code batch}. */
    void backward(B batch) throws IOException, InterruptedException;

    /** Moves the parameters by the gradients of the last batch, all of them or none. */
    Stepped step(Optimizer rule, double maxNorm) throws IOException, InterruptedException;

    /** Judges by examples that are not learnt from. */
    Evaluation evaluate(B batch) throws IOException, InterruptedException;

    /**
     * Hands over all that a checkpoint needs.
     *
     * @param reader gets the same again when workers are lost before it is done
     */
    void readState(DistributedModel.StateReader reader) throws IOException, InterruptedException;

    /**
     * A step that counts.
     *
     * @param loss of its batch, before the step
     * @param gradientNorm of all gradients together
     */
    record Stepped(float loss, double gradientNorm) {}

    /**
     * A judgement.
     *
     * @param loss the mean
     * @param answers one for each example that asks for one; none where a model gives no answers
     */
    record Evaluation(double loss, List<Answer> answers) {
        public Evaluation {
            answers = List.copyOf(answers);
        }
    }

    /** A class, or a token: the right one, and the model's. */
    record Answer(long right, long given) {}
}
