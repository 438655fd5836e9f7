package tensorlink.compute.tensor;

/**
 * How far decoded values are from those that were encoded, summed over tensors.
 *
 * @param squaredError the sum of the squares of the differences
 * @param squaredValues the sum of the squares of the values themselves
 */
public record CodecError(double squaredError, double squaredValues) {
    public static final CodecError NONE = new CodecError(0, 0);

    public CodecError plus(CodecError other) {
        return new CodecError(
                squaredError + other.squaredError, squaredValues + other.squaredValues);
    }

    /** What has been added since {@code earlier}. */
    public CodecError since(CodecError earlier) {
        return new CodecError(
                squaredError - earlier.squaredError, squaredValues - earlier.squaredValues);
    }

    /** The root mean square of the differences in that of the values; 0 where there are none. */
    public double relative() {
        return squaredValues == 0 ? 0 : Math.sqrt(squaredError / squaredValues);
    }
}
