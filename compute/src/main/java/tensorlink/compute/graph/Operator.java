package tensorlink.compute.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import tensorlink.compute.tensor.Initial;
import tensorlink.compute.tensor.Shape;

/**
 * What a node computes from its operands: the allow-list. Shapes are those of one row of a batch.
 *
 * <p>Weights have the layout and, behind the node's name, the names that PyTorch gives them.
 */
public sealed interface Operator {

    /**
     * The shape of the result.
     *
     * @throws IllegalArgumentException when it cannot be applied to {@code operands}
     */
    Shape result(List<Operand> operands);

    /** The least and the most operands. */
    default Size operands() {
        return new Size(1, 1);
    }

    /** What it learns, or keeps; {@code operands} are such that {@link #result} takes them. */
    default List<Parameter> parameters(List<Operand> operands) {
        return List.of();
    }

    /** Whether the gradient of the result goes on to the operand at {@code index}. */
    default boolean differentiable(int index) {
        return true;
    }

    /**
     * A value that a node is given.
     *
     * @param ids 0, or the limit of the ids that the value consists of
     * @param learned whether anything before it is trained
     */
    record Operand(Shape shape, int ids, boolean learned) {}

    /**
     * A tensor of a node: {@code <node>.<suffix>}.
     *
     * @param trained whether gradients move it; else it follows what is seen in training
     */
    record Parameter(String suffix, Shape shape, Initial initial, boolean trained) {
        Parameter(String suffix, Shape shape, Initial initial) {
            this(suffix, shape, initial, true);
        }
    }

    /** Rows, then columns: of a kernel, a step, a margin. */
    record Size(int height, int width) {
        static Size of(int both) {
            return new Size(both, both);
        }
    }

    /** On the last axis: weight [features, width], bias [features]. */
    record Linear(int features, boolean bias) implements Operator {
        public Linear {
            within("features", features, 1, AXIS_MAX);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 1, LayerGraph.RANK_MAX);
            return replaced(in, in.rank() - 1, features);
        }

        @Override
        public List<Parameter> parameters(List<Operand> operands) {
            var in = operands.getFirst().shape();
            long width = in.axis(in.rank() - 1);
            return weightAndBias(Shape.of(features, width), width, bias);
        }
    }

    /** Of [channels, height, width]: weight [channels, those before, kernel], bias [channels]. */
    record Conv2d(int channels, Size kernel, Size stride, Size padding, boolean bias)
            implements Operator {
        public Conv2d {
            within("channels", channels, 1, AXIS_MAX);
            window(kernel, stride, padding);
        }

        @Override
        public Shape result(List<Operand> operands) {
            return windows(number(operands, 0), channels, kernel, stride, padding);
        }

        @Override
        public List<Parameter> parameters(List<Operand> operands) {
            long before = operands.getFirst().shape().axis(0);
            long fan = before * kernel.height() * kernel.width();
            return weightAndBias(
                    Shape.of(channels, before, kernel.height(), kernel.width()), fan, bias);
        }
    }

    /** The largest, or the mean, of each window of [channels, height, width]. */
    record Pool2d(Pooling kind, Size kernel, Size stride, Size padding) implements Operator {
        /** Of a mean, padding counts as zeros. */
        public enum Pooling {
            MAX,
            MEAN
        }

        public Pool2d {
            window(kernel, stride, padding);
            require(
                    2 * padding.height() <= kernel.height()
                            && 2 * padding.width() <= kernel.width(),
                    "padding " + shown(padding) + ", at most half of kernel " + shown(kernel));
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 3, 3);
            return windows(in, in.axis(0), kernel, stride, padding);
        }
    }

    /** Normal over the last axis; weight and bias of its width. */
    record LayerNorm(double epsilon) implements Operator {
        public LayerNorm {
            within("epsilon", epsilon, 1e-12, 1);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 1, LayerGraph.RANK_MAX);
            return in;
        }

        @Override
        public List<Parameter> parameters(List<Operand> operands) {
            var in = operands.getFirst().shape();
            return scaleAndShift(in.axis(in.rank() - 1));
        }
    }

    /**
     * Normal over all rows of a micro-batch and all axes but the first, the channels; weight, bias
     * and running statistics of its length. Outside training the statistics stand in for those of
     * the rows.
     *
     * @param momentum how much of a micro-batch's statistics the running ones take up
     */
    record BatchNorm(double epsilon, double momentum) implements Operator {
        public BatchNorm {
            within("epsilon", epsilon, 1e-12, 1);
            within("momentum", momentum, 0, 1);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 1, LayerGraph.RANK_MAX);
            return in;
        }

        @Override
        public List<Parameter> parameters(List<Operand> operands) {
            var channels = Shape.of(operands.getFirst().shape().axis(0));
            var own = new ArrayList<>(scaleAndShift(channels.axis(0)));
            own.add(new Parameter("running_mean", channels, new Initial.Constant(0), false));
            own.add(new Parameter("running_var", channels, new Initial.Constant(1), false));
            return own;
        }
    }

    /** A function of each number. */
    record Activation(Function kind) implements Operator {
        /** Which. */
        public enum Function {
            RELU,
            GELU,
            GELU_TANH,
            SILU,
            TANH,
            SIGMOID
        }

        @Override
        public Shape result(List<Operand> operands) {
            return number(operands, 0);
        }
    }

    /** Shares of the last axis that add up to 1. */
    record Softmax() implements Operator {
        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 1, LayerGraph.RANK_MAX);
            return in;
        }
    }

    /** The sum, or the product, of two values of equal shape. */
    record Pairwise(Pairing kind) implements Operator {
        /** Which. */
        public enum Pairing {
            ADD,
            MULTIPLY
        }

        @Override
        public Size operands() {
            return new Size(2, 2);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var a = number(operands, 0);
            var b = number(operands, 1);
            require(a.equals(b), "shapes " + a + " and " + b + " differ");
            return a;
        }
    }

    /** Times a constant. */
    record Scale(double factor) implements Operator {
        public Scale {
            within("factor", factor, -1e9, 1e9);
        }

        @Override
        public Shape result(List<Operand> operands) {
            return number(operands, 0);
        }
    }

    /** In training sets numbers to 0 as often as {@code rate} says, and scales the others. */
    record Dropout(double rate) implements Operator {
        public Dropout {
            within("rate", rate, 0, 1);
        }

        @Override
        public Shape result(List<Operand> operands) {
            return number(operands, 0);
        }
    }

    /** The same numbers, in the same order, in another shape. */
    record Reshape(Shape shape) implements Operator {
        public Reshape {
            LayerGraph.requireShape("shape", shape);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            require(
                    in.elements() == shape.elements(),
                    "shape " + shape + " of " + in + ", which has " + in.elements() + " numbers");
            return shape;
        }
    }

    /** All numbers in a row. */
    record Flatten() implements Operator {
        @Override
        public Shape result(List<Operand> operands) {
            return Shape.of(number(operands, 0).elements());
        }
    }

    /** The axes in another order. */
    record Transpose(List<Integer> axes) implements Operator {
        public Transpose {
            axes = List.copyOf(axes);
            for (int axis = 0; axis < axes.size(); axis++) {
                require(axes.contains(axis), "axes " + axes + ", each axis once");
            }
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            require(axes.size() == in.rank(), "axes " + axes + " of shape " + in);
            return new Shape(axes.stream().map(axis -> in.axis(axis)).toList());
        }
    }

    /** Values one behind the other along an axis. */
    record Concat(int axis) implements Operator {
        public Concat {
            within("axis", axis, 0, LayerGraph.RANK_MAX - 1);
        }

        @Override
        public Size operands() {
            return new Size(2, LayerGraph.OPERANDS_MAX);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var first = number(operands, 0);
            require(axis < first.rank(), "axis " + axis + " of shape " + first);
            long length = first.axis(axis);
            for (int i = 1; i < operands.size(); i++) {
                var next = number(operands, i);
                require(
                        next.rank() == first.rank()
                                && replaced(next, axis, first.axis(axis)).equals(first),
                        "shapes " + first + " and " + next + " do not fit along axis " + axis);
                length += next.axis(axis);
            }
            return replaced(first, axis, length);
        }
    }

    /** The mean over some axes, which vanish. */
    record Mean(List<Integer> axes) implements Operator {
        public Mean {
            axes = List.copyOf(axes);
            require(
                    !axes.isEmpty() && List.copyOf(new TreeSet<>(axes)).equals(axes),
                    "axes " + axes + ", at least one, ascending");
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            var left = new ArrayList<Long>();
            for (int axis = 0; axis < in.rank(); axis++) {
                if (!axes.contains(axis)) {
                    left.add(in.axis(axis));
                }
            }
            require(left.size() + axes.size() == in.rank(), "axes " + axes + " of shape " + in);
            return new Shape(left);
        }
    }

    /** One place of the first axis, which vanishes. */
    record Select(int index) implements Operator {
        public Select {
            within("index", index, 0, AXIS_MAX);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 1, LayerGraph.RANK_MAX);
            require(index < in.axis(0), "index " + index + " of shape " + in);
            return new Shape(in.axes().subList(1, in.rank()));
        }
    }

    /** A vector for each id: weight [the limit of the ids, width]. */
    record Embedding(int width) implements Operator {
        public Embedding {
            within("width", width, 1, AXIS_MAX);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var in = ids(operands);
            var axes = new ArrayList<>(in.axes());
            axes.add((long) width);
            return new Shape(axes);
        }

        @Override
        public List<Parameter> parameters(List<Operand> operands) {
            int count = operands.getFirst().ids();
            return List.of(
                    new Parameter("weight", Shape.of(count, width), new Initial.Normal(0.02)));
        }

        @Override
        public boolean differentiable(int index) {
            return false;
        }
    }

    /** Adds a vector to each place of the first axis: weight of the operand's shape. */
    record Positions() implements Operator {
        @Override
        public Shape result(List<Operand> operands) {
            var in = number(operands, 0);
            rank(in, 2, 2);
            return in;
        }

        @Override
        public List<Parameter> parameters(List<Operand> operands) {
            var in = operands.getFirst().shape();
            return List.of(new Parameter("weight", in, new Initial.Normal(0.02)));
        }
    }

    /** 1 where an id is another than {@code padding}, else 0: what attention may look at. */
    record TokenMask(int padding) implements Operator {
        public TokenMask {
            within("padding", padding, 0, LayerGraph.IDS_MAX);
        }

        @Override
        public Shape result(List<Operand> operands) {
            return ids(operands);
        }

        @Override
        public boolean differentiable(int index) {
            return false;
        }
    }

    /**
     * Attention of queries [time, width] to keys [other, width] and values [other, any], each cut
     * into heads; a fourth operand [other] is 0 where nothing may look. Projections are nodes of
     * their own.
     *
     * @param causal whether a query sees only keys up to its own place
     */
    record Attention(int heads, boolean causal) implements Operator {
        public Attention {
            within("heads", heads, 1, 1 << 10);
        }

        @Override
        public Size operands() {
            return new Size(3, 4);
        }

        @Override
        public Shape result(List<Operand> operands) {
            var query = number(operands, 0);
            var key = number(operands, 1);
            var value = number(operands, 2);
            for (var shape : List.of(query, key, value)) {
                rank(shape, 2, 2);
                require(shape.axis(1) % heads == 0, heads + " heads of shape " + shape);
            }
            require(
                    query.axis(1) == key.axis(1) && key.axis(0) == value.axis(0),
                    "queries " + query + ", keys " + key + ", values " + value + " do not fit");
            require(
                    !causal || query.axis(0) == key.axis(0),
                    "causal with " + query.axis(0) + " queries and " + key.axis(0) + " keys");
            if (operands.size() > 3) {
                var mask = number(operands, 3);
                require(
                        mask.equals(Shape.of(key.axis(0))) && !operands.get(3).learned(),
                        "mask " + mask + ", expected one of tokens, [" + key.axis(0) + "]");
            }
            return Shape.of(query.axis(0), value.axis(1));
        }

        @Override
        public boolean differentiable(int index) {
            return index < 3;
        }
    }

    /** The longest axis, the most channels, features and so on. */
    int AXIS_MAX = 1 << 20;

    private static Shape number(List<Operand> operands, int index) {
        require(operands.get(index).ids() == 0, "operand " + index + " is ids, not numbers");
        return operands.get(index).shape();
    }

    private static Shape ids(List<Operand> operands) {
        require(operands.getFirst().ids() > 0, "operand 0 is numbers, not ids");
        return operands.getFirst().shape();
    }

    private static void rank(Shape shape, int min, int max) {
        require(
                shape.rank() >= min && shape.rank() <= max,
                "shape "
                        + shape
                        + ", expected "
                        + (min == max ? "" : min + " to ")
                        + max
                        + " axes");
    }

    private static Shape replaced(Shape shape, int axis, long length) {
        var axes = new ArrayList<>(shape.axes());
        axes.set(axis, length);
        return new Shape(axes);
    }

    private static void window(Size kernel, Size stride, Size padding) {
        within("kernel", kernel, 1);
        within("stride", stride, 1);
        within("padding", padding, 0);
    }

    private static Shape windows(Shape in, long channels, Size kernel, Size stride, Size padding) {
        rank(in, 3, 3);
        long height = in.axis(1) + 2L * padding.height() - kernel.height();
        long width = in.axis(2) + 2L * padding.width() - kernel.width();
        require(height >= 0 && width >= 0, "kernel " + shown(kernel) + " of shape " + in);
        return Shape.of(channels, height / stride.height() + 1, width / stride.width() + 1);
    }

    private static List<Parameter> weightAndBias(Shape weight, long fan, boolean bias) {
        var initial = new Initial.Uniform(1 / Math.sqrt((double) fan));
        var own = new ArrayList<Parameter>();
        own.add(new Parameter("weight", weight, initial));
        if (bias) {
            own.add(new Parameter("bias", Shape.of(weight.axis(0)), initial));
        }
        return own;
    }

    private static List<Parameter> scaleAndShift(long width) {
        return List.of(
                new Parameter("weight", Shape.of(width), new Initial.Constant(1)),
                new Parameter("bias", Shape.of(width), new Initial.Constant(0)));
    }

    private static void within(String what, Size size, int min) {
        require(
                size.height() >= min
                        && size.width() >= min
                        && size.height() <= WINDOW_MAX
                        && size.width() <= WINDOW_MAX,
                what + " " + shown(size) + ", " + min + " to " + WINDOW_MAX);
    }

    /** The largest kernel, step or margin. */
    int WINDOW_MAX = 1 << 10;

    private static String shown(Size size) {
        return "[" + size.height() + ", " + size.width() + "]";
    }

    private static void within(String what, int value, int min, int max) {
        require(value >= min && value <= max, what + " " + value + ", " + min + " to " + max);
    }

    private static void within(String what, double value, double min, double max) {
        require(value >= min && value <= max, what + " " + value + ", " + min + " to " + max);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
