package tensorlink.compute.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.graph.Operator.Operand;
import tensorlink.compute.graph.Operator.Parameter;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A model as nodes in an order in which each needs only inputs of the graph and nodes before it.
 * The last node's value is the result; every input and every other node is used by some node.
 *
 * <p>Values, here called by an index, are the inputs and then the nodes' results. The graph can be
 * cut before any node: {@link #crossing} then says what the nodes before it owe those behind it.
 *
 * <p>Immutable, and checked whole when it is made: whoever has one can build it.
 */
public final class LayerGraph {
    public static final int JSON_BYTES_MAX = 1 << 20;
    public static final int INPUTS_MAX = 16;
    public static final int NODES_MAX = 4_096;
    public static final int OPERANDS_MAX = 16;
    public static final int IDS_MAX = 1 << 24;

    /** The most axes of a value, without the batch's. */
    public static final int RANK_MAX = 6;

    /** The most numbers of a value, of one row. */
    public static final long ELEMENTS_MAX = 1L << 26;

    /** The most numbers of a parameter. */
    public static final long PARAMETER_MAX = 1L << 31;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}");

    private final List<Input> inputs;
    private final List<Node> nodes;
    private final GraphLoss loss;
    private final List<Operand> values = new ArrayList<>();
    private final List<List<Integer>> operands = new ArrayList<>();
    private final List<Integer> lastUses = new ArrayList<>();

    /** Of each node, the one whose tensors it uses where it can: itself, or an earlier one. */
    private final List<Integer> owners = new ArrayList<>();

    /**
     * What the graph is given.
     *
     * @param shape of one row
     * @param ids 0 for numbers; else the values are whole numbers from 0 to below it
     */
    public record Input(String name, Shape shape, int ids) {}

    /**
     * A step of the computation.
     *
     * @param inputs names of inputs of the graph, or of nodes before
     * @param shares a node before, whose tensors of the same suffix are this one's too, such as the
     *     weight of an embedding which is also that of the last linear node
     */
    public record Node(
            String name, Operator operator, List<String> inputs, Optional<String> shares) {
        public Node {
            inputs = List.copyOf(inputs);
        }

        /** With tensors of its own. */
        public Node(String name, Operator operator, List<String> inputs) {
            this(name, operator, inputs, Optional.empty());
        }
    }

    private LayerGraph(List<Input> inputs, List<Node> nodes, GraphLoss loss) {
        this.inputs = List.copyOf(inputs);
        this.nodes = List.copyOf(nodes);
        this.loss = loss;
        check();
    }

    /**
     * Checks a graph.
     *
     * @throws IllegalArgumentException when it is none, by the first node that is wrong
     */
    public static LayerGraph of(List<Input> inputs, List<Node> nodes, GraphLoss loss) {
        return new LayerGraph(inputs, nodes, loss);
    }

    public static GraphBuilder builder() {
        return new GraphBuilder();
    }

    /**
     * Reads a graph's text.
     *
     * @param source names the file in errors
     * @throws ModelFormatException naming the node, the field, the value and its limits
     */
    public static LayerGraph parse(String source, byte[] json) throws ModelFormatException {
        return GraphReader.parse(source, json);
    }

    /** The graph's only text: equal graphs have equal bytes, from which {@link #parse} makes it. */
    public byte[] json() {
        return GraphWriter.write(this);
    }

    private void check() {
        within("inputs", inputs.size(), INPUTS_MAX);
        within("nodes", nodes.size(), NODES_MAX);
        var indexes = new HashMap<String, Integer>();
        for (var input : inputs) {
            in(
                    "input",
                    input.name(),
                    () -> {
                        name(input.name(), indexes);
                        requireShape("shape", input.shape());
                        require(
                                input.ids() >= 0 && input.ids() <= IDS_MAX,
                                "ids " + input.ids() + ", 0 to " + IDS_MAX);
                        add(new Operand(input.shape(), input.ids(), false));
                    });
        }
        for (int i = 0; i < nodes.size(); i++) {
            int index = i;
            var node = nodes.get(i);
            in(
                    "node",
                    node.name(),
                    () -> {
                        int value = inputs.size() + index;
                        operands.add(resolve(node, indexes, value));
                        owners.add(owner(node, indexes, index));
                        name(node.name(), indexes);
                        add(infer(node, operands(index)));
                        requireShared(index);
                    });
        }
        for (int value = 0; value < values.size() - 1; value++) {
            require(lastUses.get(value) >= 0, "\"" + name(value) + "\" is not used");
        }
        in("node", nodes.getLast().name(), this::checkResult);
    }

    private List<Integer> resolve(Node node, Map<String, Integer> indexes, int value) {
        var count = node.operator().operands();
        int given = node.inputs().size();
        require(
                given >= count.height() && given <= count.width(),
                given
                        + " inputs, expected "
                        + (count.height() == count.width() ? "" : count.height() + " to ")
                        + count.width());
        var own = new ArrayList<Integer>();
        for (var input : node.inputs()) {
            var found = indexes.get(input);
            require(found != null, "input \"" + shown(input) + "\" is no node before it");
            int operand = Objects.requireNonNull(found);
            lastUses.set(operand, value);
            own.add(operand);
        }
        return List.copyOf(own);
    }

    private int owner(Node node, Map<String, Integer> indexes, int index) {
        if (node.shares().isEmpty()) {
            return index;
        }
        var name = node.shares().get();
        int owner = indexes.getOrDefault(name, -1) - inputs.size();
        require(owner >= 0, "shares \"" + shown(name) + "\", which is no node before it");
        require(
                owners.get(owner) == owner,
                "shares \"" + name + "\", which itself has the tensors of another");
        return owner;
    }

    private void requireShared(int node) {
        int owner = owners.get(node);
        if (owner == node) {
            return;
        }
        int common = 0;
        for (var own : parameters(node)) {
            for (var other : parameters(owner)) {
                if (own.suffix().equals(other.suffix())) {
                    require(
                            own.trained() && own.shape().equals(other.shape()),
                            "shares "
                                    + own.suffix()
                                    + " "
                                    + other.shape()
                                    + " of \""
                                    + nodes.get(owner).name()
                                    + "\", needs "
                                    + (own.trained() ? own.shape() : "statistics of its own"));
                    common++;
                }
            }
        }
        require(common > 0, "shares \"" + nodes.get(owner).name() + "\", which has nothing for it");
    }

    private static Operand infer(Node node, List<Operand> given) {
        var shape = node.operator().result(given);
        requireShape("result", shape);
        var parameters = node.operator().parameters(given);
        boolean learned = !parameters.isEmpty();
        for (var parameter : parameters) {
            require(
                    parameter.shape().elements() <= PARAMETER_MAX,
                    parameter.suffix()
                            + " "
                            + parameter.shape()
                            + ": "
                            + parameter.shape().elements()
                            + " numbers, limit "
                            + PARAMETER_MAX);
        }
        for (int i = 0; i < given.size(); i++) {
            learned |= given.get(i).learned() && node.operator().differentiable(i);
        }
        return new Operand(shape, 0, learned);
    }

    private void checkResult() {
        require(values.getLast().learned(), "nothing before it is learned");
        var shape = result();
        require(
                loss != GraphLoss.CROSS_ENTROPY || shape.rank() >= 1,
                "shape [] has no classes for " + GraphLoss.CROSS_ENTROPY.text());
    }

    private void add(Operand value) {
        values.add(value);
        lastUses.add(-1);
    }

    private static void name(String name, Map<String, Integer> indexes) {
        require(NAME.matcher(name).matches(), "not a name: " + NAME.pattern());
        require(indexes.putIfAbsent(name, indexes.size()) == null, "a second of that name");
    }

    /** Says where an error is. */
    private static void in(String kind, String name, Runnable work) {
        try {
            work.run();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    kind + " \"" + shown(name) + "\": " + e.getMessage(), e);
        }
    }

    public List<Input> inputs() {
        return inputs;
    }

    public List<Node> nodes() {
        return nodes;
    }

    public GraphLoss loss() {
        return loss;
    }

    /** The shape of a row's result. */
    public Shape result() {
        return values.getLast().shape();
    }

    /** A value by its index. */
    public Operand value(int index) {
        return values.get(index);
    }

    /** The name of a value. */
    public String name(int value) {
        return value < inputs.size()
                ? inputs.get(value).name()
                : nodes.get(value - inputs.size()).name();
    }

    /** The indexes of the values that a node takes. */
    public List<Integer> sources(int node) {
        return operands.get(node);
    }

    private List<Operand> operands(int node) {
        return sources(node).stream().map(values::get).toList();
    }

    /** The tensors of a node, in order. */
    public List<Parameter> parameters(int node) {
        return nodes.get(node).operator().parameters(operands(node));
    }

    /** The same by their whole names: of what a node shares, those of the node that owns it. */
    public List<TensorSpec> tensors(int node) {
        return parameters(node).stream()
                .map(own ->
                        new TensorSpec(
                                nodes.get(holder(node, own)).name() + "." + own.suffix(),
                                DType.F32,
                                own.shape()))
                .toList();
    }

    private int holder(int node, Parameter tensor) {
        int owner = owners.get(node);
        boolean shared =
                owner != node
                        && parameters(owner).stream()
                                .anyMatch(other -> other.suffix().equals(tensor.suffix()));
        return shared ? owner : node;
    }

    /**
     * Whether the graph can be cut before the node {@code cut}: not between nodes that share
     * tensors, whose gradients would have to meet.
     *
     * @param cut 0 to the number of nodes
     */
    public boolean separable(int cut) {
        for (int node = cut; node < nodes.size(); node++) {
            if (owners.get(node) < cut) {
                return false;
            }
        }
        return true;
    }

    /**
     * The values that come from before the node {@code cut} and are used by it or behind it: before
     * the first node, the inputs.
     *
     * @param cut 0 to below the number of nodes
     */
    public List<Integer> crossing(int cut) {
        int end = inputs.size() + Objects.checkIndex(cut, nodes.size());
        var crossing = new ArrayList<Integer>();
        for (int value = 0; value < end; value++) {
            if (lastUses.get(value) >= end) {
                crossing.add(value);
            }
        }
        return crossing;
    }

    static void requireShape(String what, Shape shape) {
        require(
                shape.rank() <= RANK_MAX,
                what + " " + shape + ": " + shape.rank() + " axes, limit " + RANK_MAX);
        for (long axis : shape.axes()) {
            require(axis >= 1, what + " " + shape + ": an axis of " + axis + ", at least 1");
        }
        require(
                shape.elements() <= ELEMENTS_MAX,
                what + " " + shape + ": " + shape.elements() + " numbers, limit " + ELEMENTS_MAX);
    }

    private static String shown(String name) {
        var plain = name.replaceAll("[^ -~]", "?");
        return plain.length() <= 64 ? plain : plain.substring(0, 60) + "...";
    }

    private static void within(String what, int value, int max) {
        require(value >= 1 && value <= max, value + " " + what + ", 1 to " + max);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LayerGraph that
                && inputs.equals(that.inputs)
                && nodes.equals(that.nodes)
                && loss == that.loss;
    }

    @Override
    public int hashCode() {
        return Objects.hash(inputs, nodes, loss);
    }

    @Override
    public String toString() {
        return "a graph of " + nodes.size() + " nodes";
    }
}
