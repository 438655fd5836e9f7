package tensorlink.compute.schedule;

/**
 * One thing a worker does within a batch, on one of its chunks of layers; {@code chunk} is 0 where
 * a worker has one.
 */
public sealed interface Step {

    int microBatch();

    int chunk();

    /** Takes the input of {@code microBatch} from the stage before, gives the next its result. */
    record Forward(int microBatch, int chunk) implements Step {
        public Forward(int microBatch) {
            this(microBatch, 0);
        }
    }

    /**
     * Takes the output gradient of {@code microBatch} from the next stage, gives the one before its
     * own, and adds the gradients of the parameters.
     */
    record Backward(int microBatch, int chunk) implements Step {
        public Backward(int microBatch) {
            this(microBatch, 0);
        }
    }

    /** The part of a backward that the stage before waits for. */
    record InputGradient(int microBatch, int chunk) implements Step {
        public InputGradient(int microBatch) {
            this(microBatch, 0);
        }
    }

    /** The rest of a backward, for which nobody waits; only now the micro-batch is forgotten. */
    record WeightGradient(int microBatch, int chunk) implements Step {
        public WeightGradient(int microBatch) {
            this(microBatch, 0);
        }
    }
}
