package tensorlink.compute.torch;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.Batch;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

/** What a stage of a transformer takes: tokens or hidden states, and labels of its task. */
record Inputs(ModelConfig config, LayerRange layers) implements StageInputs {

    @Override
    public void check(Tensor input, int past) {
        boolean ids = config.holdsEmbedding(layers);
        var shape = input.shape();
        boolean fits =
                ids
                        ? input.dtype() == DType.I64 && shape.rank() == 2
                        : input.dtype() == DType.F32
                                && shape.rank() == 3
                                && shape.axis(2) == config.edgeWidth();
        require(
                fits && shape.elements() > 0,
                "input: expected "
                        + (ids
                                ? "I64 [batch, time]"
                                : "F32 [batch, time, " + config.edgeWidth() + "]")
                        + ", got "
                        + input);
        require(
                shape.axis(1) <= config.contextLength() - past,
                "input: "
                        + shape.axis(1)
                        + " positions after "
                        + past
                        + ", context length "
                        + config.contextLength());
        if (ids) {
            checkIds("token", input, config.idLimit(), config.causal() ? 0 : Tokens.PADDING);
            if (!config.causal()) {
                checkRows(input);
            }
        }
    }

    /** A row of padding alone has nothing to look at. */
    private static void checkRows(Tensor ids) {
        long time = ids.shape().axis(1);
        for (long row = 0; row < ids.shape().axis(0); row++) {
            long t = 0;
            while (t < time && ids.longAt(row * time + t) == Tokens.PADDING) {
                t++;
            }
            require(t < time, "row " + row + " is all padding");
        }
    }

    @Override
    public void checkTraining(Tensor input) {}

    @Override
    public void checkLabels(Tensor input, Tensor labels, long labelCount) {
        if (!config.holdsHead(layers)) {
            throw new IllegalStateException("only the last stage has a loss");
        }
        require(config.task().kind() != Task.Kind.FEATURES, "a model for features has no loss");
        long time = input.shape().axis(1);
        checkIs("labels", labels, DType.I64, config.labelShape(input.shape().axis(0), time));
        require(labelCount >= 1, "label count " + labelCount + ", at least 1");
        if (config.task().kind() == Task.Kind.REGRESSION) {
            checkNumbers(labels);
        } else {
            checkIds("label", labels, config.resultWidth(), Batch.IGNORED);
        }
    }

    private static void checkNumbers(Tensor labels) {
        for (long i = 0; i < labels.elements(); i++) {
            long id = labels.longAt(i);
            require(Tokens.isNumber(id), "label " + id + ": not the bits of a finite number");
        }
    }

    @Override
    public void checkTied(@Nullable Tensor gradient, boolean needed) {
        require(gradient != null || !needed, "the other part of the tied gradient is missing");
        require(gradient == null || needed, "there is no tied gradient to add " + gradient + " to");
        if (gradient != null) {
            checkIs(
                    "tied gradient",
                    gradient,
                    DType.F32,
                    Shape.of(config.vocabulary(), config.hidden()));
        }
    }

    private static void checkIs(String what, Tensor tensor, DType dtype, Shape shape) {
        require(
                tensor.dtype() == dtype && tensor.shape().equals(shape),
                what + ": expected " + dtype + " " + shape + ", got " + tensor);
    }

    /**
     * @param other an id that is allowed besides those from 0 to {@code limit}
     */
    private void checkIds(String what, Tensor ids, int limit, long other) {
        long time = ids.shape().axis(1);
        for (long i = 0; i < ids.elements(); i++) {
            long id = ids.longAt(i);
            if ((id < 0 || id >= limit) && id != other) {
                throw new IllegalArgumentException(
                        what
                                + " "
                                + id
                                + " at row "
                                + i / time
                                + ", position "
                                + i % time
                                + (limit == config.vocabulary() ? ", vocabulary " : ", limit ")
                                + limit);
            }
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
