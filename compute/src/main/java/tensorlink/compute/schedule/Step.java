package tensorlink.compute.schedule;

/** One thing a stage does within a step. */
public sealed interface Step {

    int microBatch();

    /** Takes the input of {@code microBatch} from the previous stage, gives the next its result. */
    record Forward(int microBatch) implements Step {}

    /**
     * Takes the output gradient of {@code microBatch} from the next stage, gives the previous its.
     */
    record Backward(int microBatch) implements Step {}
}
