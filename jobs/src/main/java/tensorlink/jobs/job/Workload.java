package tensorlink.jobs.job;

/**
 * The largest batch a job may send, which decides the memory it needs.
 *
 * @param rows sequences of one micro-batch
 * @param length positions of a sequence
 * @param microBatches parts of one batch
 */
public record Workload(int rows, int length, int microBatches) {
    public static final int ROWS_MAX = 4_096;
    public static final int LENGTH_MAX = 1 << 20;
    public static final int MICRO_BATCHES_MAX = 1_024;

    public Workload {
        within("rows", rows, ROWS_MAX);
        within("length", length, LENGTH_MAX);
        within("micro-batches", microBatches, MICRO_BATCHES_MAX);
    }

    private static void within(String name, int value, int max) {
        if (value < 1 || value > max) {
            throw new IllegalArgumentException(name + " " + value + ", 1 to " + max);
        }
    }

    @Override
    public String toString() {
        return microBatches + " x " + rows + " x " + length;
    }
}
