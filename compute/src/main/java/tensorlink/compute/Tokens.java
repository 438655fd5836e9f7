package tensorlink.compute;

import java.util.Arrays;
import java.util.Objects;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

/** Token ids, or labels, of one or more rows of equal length. Immutable. */
public final class Tokens implements Rows {
    /** Stands where a row of a model that sees whole texts has no token any more. */
    public static final long PADDING = -1;

    private final int length;
    private final long[] ids;

    private Tokens(int length, long[] ids) {
        this.length = length;
        this.ids = ids;
    }

    public static Tokens of(long[]... rows) {
        if (rows.length == 0 || rows[0].length == 0) {
            throw new IllegalArgumentException("no tokens");
        }
        int length = rows[0].length;
        var ids = new long[Math.multiplyExact(rows.length, length)];
        for (int row = 0; row < rows.length; row++) {
            if (rows[row].length != length) {
                throw new IllegalArgumentException(
                        "row " + row + " has " + rows[row].length + " tokens, row 0 has " + length);
            }
            System.arraycopy(rows[row], 0, ids, row * length, length);
        }
        return new Tokens(length, ids);
    }

    /**
     * Numbers to be learnt, each finite, as labels: an id is the bits of a float, unsigned.
     *
     * @see Task.Regression
     */
    public static Tokens ofNumbers(float[]... rows) {
        var ids = new long[rows.length][];
        for (int row = 0; row < rows.length; row++) {
            ids[row] = new long[rows[row].length];
            for (int i = 0; i < rows[row].length; i++) {
                if (!Float.isFinite(rows[row][i])) {
                    throw new IllegalArgumentException("row " + row + " has " + rows[row][i]);
                }
                ids[row][i] = Integer.toUnsignedLong(Float.floatToRawIntBits(rows[row][i]));
            }
        }
        return of(ids);
    }

    /** Whether an id is the bits of a finite number. */
    public static boolean isNumber(long id) {
        return id == (id & 0xFFFF_FFFFL) && Float.isFinite(Float.intBitsToFloat((int) id));
    }

    @Override
    public int rows() {
        return ids.length / length;
    }

    @Override
    public int length() {
        return length;
    }

    public long at(int row, int position) {
        return ids[Math.addExact(row * length, Objects.checkIndex(position, length))];
    }

    @Override
    public Tokens rows(int first, int end) {
        if (first < 0 || end <= first || end > rows()) {
            throw new IllegalArgumentException("rows " + first + ".." + end + " of " + rows());
        }
        return new Tokens(length, Arrays.copyOfRange(ids, first * length, end * length));
    }

    /**
     * Refuses ids that are not from 0 to below {@code limit}.
     *
     * @param other an id that is allowed besides
     */
    void requireBelow(String what, int limit, long other) {
        for (long id : ids) {
            if ((id < 0 || id >= limit) && id != other) {
                throw new IllegalArgumentException(
                        what + " " + id + " outside of the vocabulary of " + limit);
            }
        }
    }

    /** Refuses ids that are not the bits of finite numbers. */
    void requireNumbers(String what) {
        for (long id : ids) {
            if (!isNumber(id)) {
                throw new IllegalArgumentException(
                        what + " " + id + ": not the bits of a finite number");
            }
        }
    }

    /** An I64 tensor of shape [rows, length], which the caller owns. */
    @Override
    public Tensor toTensor() {
        return Tensor.ofLongs(Shape.of(rows(), length), ids);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tokens that
                && length == that.length
                && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return rows() + " x " + length + " tokens";
    }
}
