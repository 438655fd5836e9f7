package tensorlink.compute;

/**
 * What a device reached at what it does best, and how much of it is left between it and us; all as
 * it measured itself.
 *
 * @param product floating-point operations per second of one product of large matrices
 * @param memory bytes per second read and written by a copy within its memory
 * @param in bytes per second of one large copy to it out of the machine's memory, by libtorch
 * @param out the same from it
 * @param written bytes per second of tensors as stages are given them
 * @param read the same of tensors that stages give
 */
public record DeviceLimits(
        double product, double memory, double in, double out, double written, double read) {
    public DeviceLimits {
        for (double value : new double[] {product, memory, in, out, written, read}) {
            if (!(value > 0)) {
                throw new IllegalArgumentException("limit of " + value + " a second, above 0");
            }
        }
    }
}
