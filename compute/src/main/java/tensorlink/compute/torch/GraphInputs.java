package tensorlink.compute.torch;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.Batch;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;

/** What a stage of a graph takes: the values that cross before it, and labels of its loss. */
record GraphInputs(GraphModel model, LayerRange nodes) implements StageInputs {

    @Override
    public void check(Tensor input, int past) {
        int width = model.edgeWidth(nodes.first());
        var shape = input.shape();
        require(
                input.dtype() == DType.F32
                        && shape.rank() == 3
                        && shape.axis(0) >= 1
                        && shape.axis(1) == 1
                        && shape.axis(2) == width,
                "input: expected F32 [batch, 1, " + width + "], got " + input);
        int at = 0;
        for (int value : model.graph().crossing(nodes.first())) {
            var own = model.graph().value(value);
            int end = at + Math.toIntExact(own.shape().elements());
            if (own.ids() > 0) {
                for (long row = 0; row < shape.axis(0); row++) {
                    for (int i = at; i < end; i++) {
                        float id = input.floatAt(row * width + i);
                        GraphModel.requireId(model.graph().name(value), id, own.ids());
                    }
                }
            }
            at = end;
        }
    }

    @Override
    public void checkTraining(Tensor input) {
        var graph = model.graph();
        for (int node = nodes.first(); node < nodes.end(); node++) {
            var own = graph.nodes().get(node);
            var shape = graph.value(graph.inputs().size() + node).shape();
            require(
                    !(own.operator() instanceof Operator.BatchNorm)
                            || input.shape().axis(0) * shape.elements() > shape.axis(0),
                    "\""
                            + own.name()
                            + "\": a micro-batch of 1 row has 1 value per channel, at least 2");
        }
    }

    @Override
    public void checkLabels(Tensor input, Tensor labels, long labelCount) {
        if (!model.holdsHead(nodes)) {
            throw new IllegalStateException("only the last stage has a loss");
        }
        var shape = model.labelShape(input.shape().axis(0), 1);
        require(
                labels.dtype() == model.labelType() && labels.shape().equals(shape),
                "labels: expected " + model.labelType() + " " + shape + ", got " + labels);
        require(labelCount >= 1, "label count " + labelCount + ", at least 1");
        if (model.graph().loss() == GraphLoss.CROSS_ENTROPY) {
            for (long i = 0; i < labels.elements(); i++) {
                long label = labels.longAt(i);
                require(
                        (label >= 0 && label < model.classes()) || label == Batch.IGNORED,
                        "label " + label + ", classes " + model.classes());
            }
        }
    }

    @Override
    public void checkTied(@Nullable Tensor gradient, boolean needed) {
        require(gradient == null, "there is no tied gradient to add " + gradient + " to");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
