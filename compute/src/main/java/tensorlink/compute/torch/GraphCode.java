package tensorlink.compute.torch;

import java.util.ArrayList;
import java.util.List;
import tensorlink.compute.graph.Operator;

/** The operators of a graph, as {@code graph.torchscript} names them. */
enum GraphCode {
    OP_LINEAR,
    OP_CONV2D,
    OP_MAX_POOL2D,
    OP_MEAN_POOL2D,
    OP_LAYER_NORM,
    OP_BATCH_NORM,
    OP_RELU,
    OP_GELU,
    OP_GELU_TANH,
    OP_SILU,
    OP_TANH,
    OP_SIGMOID,
    OP_SOFTMAX,
    OP_ADD,
    OP_MULTIPLY,
    OP_SCALE,
    OP_DROPOUT,
    OP_RESHAPE,
    OP_TRANSPOSE,
    OP_CONCAT,
    OP_MEAN,
    OP_SELECT,
    OP_EMBEDDING,
    OP_POSITIONS,
    OP_TOKEN_MASK,
    OP_ATTENTION;

    static GraphCode of(Operator operator) {
        return switch (operator) {
            case Operator.Linear _ -> OP_LINEAR;
            case Operator.Conv2d _ -> OP_CONV2D;
            case Operator.Pool2d pool ->
                    switch (pool.kind()) {
                        case MAX -> OP_MAX_POOL2D;
                        case MEAN -> OP_MEAN_POOL2D;
                    };
            case Operator.LayerNorm _ -> OP_LAYER_NORM;
            case Operator.BatchNorm _ -> OP_BATCH_NORM;
            case Operator.Activation(var kind) ->
                    switch (kind) {
                        case RELU -> OP_RELU;
                        case GELU -> OP_GELU;
                        case GELU_TANH -> OP_GELU_TANH;
                        case SILU -> OP_SILU;
                        case TANH -> OP_TANH;
                        case SIGMOID -> OP_SIGMOID;
                    };
            case Operator.Softmax() -> OP_SOFTMAX;
            case Operator.Pairwise(var kind) ->
                    switch (kind) {
                        case ADD -> OP_ADD;
                        case MULTIPLY -> OP_MULTIPLY;
                    };
            case Operator.Scale _ -> OP_SCALE;
            case Operator.Dropout _ -> OP_DROPOUT;
            case Operator.Reshape _, Operator.Flatten() -> OP_RESHAPE;
            case Operator.Transpose _ -> OP_TRANSPOSE;
            case Operator.Concat _ -> OP_CONCAT;
            case Operator.Mean _ -> OP_MEAN;
            case Operator.Select _ -> OP_SELECT;
            case Operator.Embedding _ -> OP_EMBEDDING;
            case Operator.Positions() -> OP_POSITIONS;
            case Operator.TokenMask _ -> OP_TOKEN_MASK;
            case Operator.Attention _ -> OP_ATTENTION;
        };
    }

    /** The whole numbers that an operator is given; axes count the batch's as the first. */
    static List<Long> integers(Operator operator) {
        return switch (operator) {
            case Operator.Conv2d conv ->
                    List.of(
                            (long) conv.stride().height(),
                            (long) conv.stride().width(),
                            (long) conv.padding().height(),
                            (long) conv.padding().width());
            case Operator.Pool2d pool ->
                    List.of(
                            (long) pool.kernel().height(),
                            (long) pool.kernel().width(),
                            (long) pool.stride().height(),
                            (long) pool.stride().width(),
                            (long) pool.padding().height(),
                            (long) pool.padding().width());
            case Operator.Reshape(var shape) -> shape.axes();
            case Operator.Flatten() -> List.of(-1L);
            case Operator.Transpose(var axes) -> behindBatch(axes);
            case Operator.Mean(var axes) -> behindBatch(axes);
            case Operator.Concat(int axis) -> List.of(axis + 1L);
            case Operator.Select(int index) -> List.of((long) index);
            case Operator.TokenMask(int padding) -> List.of((long) padding);
            case Operator.Attention(int heads, boolean causal) ->
                    List.of((long) heads, causal ? 1L : 0L);
            case Operator.Linear _,
                    Operator.LayerNorm _,
                    Operator.BatchNorm _,
                    Operator.Activation _,
                    Operator.Softmax _,
                    Operator.Pairwise _,
                    Operator.Scale _,
                    Operator.Dropout _,
                    Operator.Embedding _,
                    Operator.Positions _ ->
                    List.of();
        };
    }

    private static List<Long> behindBatch(List<Integer> axes) {
        var all = new ArrayList<Long>();
        for (int axis : axes) {
            all.add(axis + 1L);
        }
        return all;
    }

    /** The number that an operator is given, or 0. */
    static double number(Operator operator) {
        return switch (operator) {
            case Operator.LayerNorm(double epsilon) -> epsilon;
            case Operator.BatchNorm(double epsilon, _) -> epsilon;
            case Operator.Scale(double factor) -> factor;
            case Operator.Dropout(double rate) -> rate;
            case Operator.Linear _,
                    Operator.Conv2d _,
                    Operator.Pool2d _,
                    Operator.Activation _,
                    Operator.Softmax _,
                    Operator.Pairwise _,
                    Operator.Reshape _,
                    Operator.Flatten _,
                    Operator.Transpose _,
                    Operator.Concat _,
                    Operator.Mean _,
                    Operator.Select _,
                    Operator.Embedding _,
                    Operator.Positions _,
                    Operator.TokenMask _,
                    Operator.Attention _ ->
                    0;
        };
    }
}
