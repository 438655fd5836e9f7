package tensorlink.compute.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * The lengths of a tensor's axes, outermost first; empty for a single value.
 *
 * @param axes at most {@value #RANK_MAX}, none negative, their product within a long
 */
public record Shape(List<Long> axes) {
    public static final int RANK_MAX = 8;

    public Shape {
        axes = List.copyOf(axes);
        if (axes.size() > RANK_MAX) {
            throw new IllegalArgumentException("rank " + axes.size() + ", limit " + RANK_MAX);
        }
        long elements = 1;
        for (long axis : axes) {
            if (axis < 0) {
                throw new IllegalArgumentException("negative axis in shape " + axes);
            }
            try {
                elements = Math.multiplyExact(elements, axis);
            } catch (ArithmeticException tooLarge) {
                throw new IllegalArgumentException("shape " + axes + " has too many elements");
            }
        }
    }

    public static Shape of(long... axes) {
        var list = new ArrayList<Long>(axes.length);
        for (long axis : axes) {
            list.add(axis);
        }
        return new Shape(list);
    }

    public int rank() {
        return axes.size();
    }

    public long axis(int index) {
        return axes.get(index);
    }

    public long elements() {
        long elements = 1;
        for (long axis : axes) {
            elements *= axis;
        }
        return elements;
    }

    /** The same but for the length of the first axis, which there must be. */
    public Shape withRows(long rows) {
        if (axes.isEmpty()) {
            throw new IllegalArgumentException("a single value has no rows");
        }
        var others = new ArrayList<>(axes);
        others.set(0, rows);
        return new Shape(others);
    }

    @Override
    public String toString() {
        return axes.toString();
    }
}
