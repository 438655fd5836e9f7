package tensorlink.compute;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

/**
 * Numbers, so many in each row: what a {@link GraphModel} is given, all its inputs one behind the
 * other, or what its results are to be. A row counts as one position. Immutable.
 */
public final class Values implements Rows {
    private final int width;
    private final float[] values;

    private Values(int width, float[] values) {
        this.width = width;
        this.values = values;
    }

    /**
     * Takes {@code values} as they are.
     *
     * @param width how many there are in a row
     */
    public static Values of(int width, float... values) {
        if (width < 1 || values.length == 0 || values.length % width != 0) {
            throw new IllegalArgumentException(values.length + " values in rows of " + width);
        }
        return new Values(width, values.clone());
    }

    /** The same rows of several inputs, side by side. */
    public static Values beside(List<? extends Rows> inputs) {
        int rows = inputs.getFirst().rows();
        int width = 0;
        for (var input : inputs) {
            if (input.rows() != rows) {
                throw new IllegalArgumentException(inputs + " have not equally many rows");
            }
            width += widthOf(input);
        }
        var all = new float[Math.multiplyExact(rows, width)];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (var input : inputs) {
                for (int i = 0; i < widthOf(input); i++) {
                    all[at++] =
                            switch (input) {
                                case Tokens tokens -> tokens.at(row, i);
                                case Values values -> values.at(row, i);
                            };
                }
            }
        }
        return new Values(width, all);
    }

    private static int widthOf(Rows rows) {
        return switch (rows) {
            case Tokens tokens -> tokens.length();
            case Values values -> values.width;
        };
    }

    @Override
    public int rows() {
        return values.length / width;
    }

    @Override
    public int length() {
        return 1;
    }

    /** How many values a row has. */
    public int width() {
        return width;
    }

    public float at(int row, int index) {
        return values[Math.addExact(row * width, Objects.checkIndex(index, width))];
    }

    @Override
    public Values rows(int first, int end) {
        if (first < 0 || end <= first || end > rows()) {
            throw new IllegalArgumentException("rows " + first + ".." + end + " of " + rows());
        }
        return new Values(width, Arrays.copyOfRange(values, first * width, end * width));
    }

    /** An F32 tensor of shape [rows, 1, width], which the caller owns. */
    @Override
    public Tensor toTensor() {
        return Tensor.ofFloats(Shape.of(rows(), 1, width), values);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Values that
                && width == that.width
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return rows() + " x " + width + " values";
    }
}
