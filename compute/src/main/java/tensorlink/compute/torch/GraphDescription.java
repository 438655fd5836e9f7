package tensorlink.compute.torch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.tensor.TensorSpec;

/**
 * Some nodes of a graph as the list {@code s} of {@code graph.torchscript}: {@link Head}, the
 * shapes of the values taken and given, then for each node its place in this list, and there {@link
 * Cell} with what follows it.
 */
final class GraphDescription {

    /** The numbers that come first. */
    enum Head {
        G_LAST,
        /** 1 for classes, 0 for numbers. */
        G_CLASSES,
        G_TAKEN,
        G_GIVEN,
        G_NODES,
        /** How long the tape is before result or loss. */
        G_TAPE,
        /** Where the places of the nodes begin. */
        G_PLACES,
        /** Where the shapes given begin. */
        G_GIVEN_SHAPES,
        G_TAKEN_SHAPES
    }

    /**
     * The numbers of a node; behind them its operands' slots, whether gradients go there, the
     * places of its parameters among the stage's, and the operator's own numbers.
     */
    enum Cell {
        N_OP,
        N_OPERANDS,
        N_PARAMETERS,
        N_NUMBERS,
        N_LEARNED,
        N_TAPE,
        N_SLOTS
    }

    private final LayerGraph graph;
    private final LayerRange nodes;
    private final List<Long> s = new ArrayList<>();
    private final Map<Integer, Integer> slots = new HashMap<>();
    private final List<TensorSpec> tensors;

    private GraphDescription(GraphModel model, LayerRange nodes) {
        this.graph = model.graph();
        this.nodes = nodes;
        this.tensors = model.tensors(nodes);
    }

    static long[] integers(GraphModel model, LayerRange nodes) {
        return new GraphDescription(model, nodes).integers();
    }

    static double[] numbers(GraphModel model, LayerRange nodes) {
        var f = new double[nodes.size()];
        for (int i = 0; i < f.length; i++) {
            f[i] = GraphCode.number(model.graph().nodes().get(nodes.first() + i).operator());
        }
        return f;
    }

    @SuppressWarnings("EnumOrdinal") // the same on both sides of a call into the module
    private void set(Head head, long value) {
        s.set(head.ordinal(), value);
    }

    private long[] integers() {
        boolean last = nodes.end() == graph.nodes().size();
        var taken = graph.crossing(nodes.first());
        var given = last ? List.<Integer>of() : graph.crossing(nodes.end());
        for (int i = 0; i < Head.values().length; i++) {
            s.add(0L);
        }
        for (int value : taken) {
            slots.put(value, slots.size());
        }
        for (int node = nodes.first(); node < nodes.end(); node++) {
            slots.put(graph.inputs().size() + node, slots.size());
        }
        set(Head.G_LAST, last ? 1 : 0);
        set(
                Head.G_CLASSES,
                switch (graph.loss()) {
                    case CROSS_ENTROPY -> 1;
                    case MEAN_SQUARED_ERROR -> 0;
                });
        set(Head.G_TAKEN, taken.size());
        set(Head.G_GIVEN, given.size());
        set(Head.G_NODES, nodes.size());
        set(Head.G_TAKEN_SHAPES, s.size());
        taken.forEach(this::addValue);
        set(Head.G_GIVEN_SHAPES, s.size());
        given.forEach(this::addValue);
        set(Head.G_PLACES, s.size());
        int places = s.size();
        for (int i = 0; i < nodes.size(); i++) {
            s.add(0L);
        }
        int tape = 0;
        for (int i = 0; i < nodes.size(); i++) {
            s.set(places + i, (long) s.size());
            tape += addNode(nodes.first() + i, tape);
        }
        set(Head.G_TAPE, tape);
        return s.stream().mapToLong(Long::longValue).toArray();
    }

    /** A value's slot, how many axes it has, and the axes. */
    private void addValue(int value) {
        var shape = graph.value(value).shape();
        s.add((long) slot(value));
        s.add((long) shape.rank());
        s.addAll(shape.axes());
    }

    private int slot(int value) {
        return slots.getOrDefault(value, -1);
    }

    /** Returns how long its part of the tape is. */
    private int addNode(int node, int tape) {
        var operator = graph.nodes().get(node).operator();
        var sources = graph.sources(node);
        var numbers = GraphCode.integers(operator);
        boolean learned = graph.value(graph.inputs().size() + node).learned();
        s.add(code(operator));
        s.add((long) sources.size());
        s.add((long) graph.parameters(node).size());
        s.add((long) numbers.size());
        s.add(learned ? 1L : 0L);
        s.add((long) tape);
        for (int source : sources) {
            s.add((long) slot(source));
        }
        int length = learned ? 1 : 0;
        for (int i = 0; i < sources.size(); i++) {
            boolean goes = graph.value(sources.get(i)).learned() && operator.differentiable(i);
            s.add(goes ? 1L : 0L);
            length += goes ? 1 : 0;
        }
        for (var tensor : graph.tensors(node)) {
            s.add((long) tensors.indexOf(tensor));
        }
        s.addAll(numbers);
        return length;
    }

    @SuppressWarnings("EnumOrdinal") // the same on both sides of a call into the module
    private static long code(Operator operator) {
        return GraphCode.of(operator).ordinal();
    }
}
