package tensorlink.compute.torch;

import org.jspecify.annotations.Nullable;
import tensorlink.compute.Batch;
import tensorlink.compute.LayerRange;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

/** Refuses what a stage cannot compute, in words, before anything native sees it. */
record Inputs(ModelConfig config, LayerRange layers) {

    /**
     * Token ids for the first stage, hidden states for others.
     *
     * @param past how many positions come before those of {@code input}
     */
    void check(Tensor input, int past) {
        boolean ids = config.holdsEmbedding(layers);
        var shape = input.shape();
        boolean fits =
                ids
                        ? input.dtype() == DType.I64 && shape.rank() == 2
                        : input.dtype() == DType.F32
                                && shape.rank() == 3
                                && shape.axis(2) == config.hidden();
        require(
                fits && shape.elements() > 0,
                "input: expected "
                        + (ids ? "I64 [batch, time]" : "F32 [batch, time, " + config.hidden() + "]")
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
            checkIds("token", input, false);
        }
    }

    void checkLabels(Tensor input, Tensor labels, long labelCount) {
        if (!config.holdsHead(layers)) {
            throw new IllegalStateException("only the last stage has a loss");
        }
        checkIs(
                "labels",
                labels,
                DType.I64,
                Shape.of(input.shape().axis(0), input.shape().axis(1)));
        require(labelCount >= 1, "label count " + labelCount + ", at least 1");
        checkIds("label", labels, true);
    }

    /** The other stage's part of a tied gradient, where there is one. */
    void checkTied(@Nullable Tensor gradient, boolean needed) {
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

    private void checkIds(String what, Tensor ids, boolean mayIgnore) {
        long time = ids.shape().axis(1);
        for (long i = 0; i < ids.elements(); i++) {
            long id = ids.longAt(i);
            if ((id < 0 || id >= config.vocabulary()) && !(mayIgnore && id == Batch.IGNORED)) {
                throw new IllegalArgumentException(
                        what
                                + " "
                                + id
                                + " at row "
                                + i / time
                                + ", position "
                                + i % time
                                + ", vocabulary "
                                + config.vocabulary());
            }
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
