package tensorlink.compute;

/**
 * Some rows of a {@link Batch}.
 *
 * @param index its place in the batch, from 0
 * @param labelCount how many labels count in the whole batch, so that the micro-batches' losses add
 *     up to the batch's mean
 */
public record MicroBatch(int index, Rows inputs, Rows labels, long labelCount) {}
