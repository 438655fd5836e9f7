package tensorlink.compute;

import java.util.ArrayList;
import java.util.List;

/**
 * Some rows of a {@link Batch}, or of inputs that are compared with nothing, which then stand for
 * the labels too.
 *
 * @param index its place in the batch, from 0
 * @param labelCount how many labels count in the whole batch, so that the micro-batches' losses add
 *     up to the batch's mean; 0 where there is no loss
 */
public record MicroBatch(int index, Rows inputs, Rows labels, long labelCount) {

    /** Cuts rows without labels as {@link Batch#split} does. */
    public static List<MicroBatch> split(Rows inputs, int count) {
        return split(inputs, inputs, 0, count);
    }

    /**
     * Which micro-batches each replica takes: those that follow one another, as many as the others
     * where that is possible, and else one more on some of the first. Where there are fewer than
     * replicas, some get none.
     */
    public static List<List<MicroBatch>> share(List<MicroBatch> parts, int replicas) {
        var shares = new ArrayList<List<MicroBatch>>(replicas);
        for (int replica = 0; replica < replicas; replica++) {
            shares.add(
                    parts.subList(
                            Math.ceilDiv(replica * parts.size(), replicas),
                            Math.ceilDiv((replica + 1) * parts.size(), replicas)));
        }
        return List.copyOf(shares);
    }

    static List<MicroBatch> split(Rows inputs, Rows labels, long labelCount, int count) {
        int rows = inputs.rows();
        if (count < 1 || count > rows) {
            throw new IllegalArgumentException(count + " micro-batches of " + rows + " rows");
        }
        var parts = new ArrayList<MicroBatch>(count);
        int first = 0;
        for (int index = 0; index < count; index++) {
            int end = first + rows / count + (index < rows % count ? 1 : 0);
            parts.add(
                    new MicroBatch(
                            index, inputs.rows(first, end), labels.rows(first, end), labelCount));
            first = end;
        }
        return List.copyOf(parts);
    }
}
