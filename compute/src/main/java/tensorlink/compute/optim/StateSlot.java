package tensorlink.compute.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

/** Something that optimizers remember of a parameter from step to step, under torch's name. */
public enum StateSlot {
    EXP_AVG,
    EXP_AVG_SQ,
    MAX_EXP_AVG_SQ,
    MOMENTUM_BUFFER,
    SUM,
    SQUARE_AVG,
    GRAD_AVG,
    /** Of matrices: a value for each row. */
    ROW_VAR,
    /** Of matrices: a value for each column. */
    COL_VAR,
    /** Of vectors, what matrices have rows and columns for. */
    VARIANCE;

    /** What all tensors of an optimizer's state begin with, and no parameter does. */
    public static final String PREFIX = "optimizer.";

    /** The name of this slot's tensor for {@code parameter}. */
    public String tensor(String parameter) {
        return PREFIX + name().toLowerCase(Locale.ROOT) + "." + parameter;
    }

    /** The shape for a parameter of shape {@code parameter}; empty if it has no such slot. */
    public Optional<Shape> shape(Shape parameter) {
        int rank = parameter.rank();
        return switch (this) {
            case EXP_AVG, EXP_AVG_SQ, MAX_EXP_AVG_SQ, MOMENTUM_BUFFER, SUM, SQUARE_AVG, GRAD_AVG ->
                    Optional.of(parameter);
            case ROW_VAR -> rank > 1 ? Optional.of(one(parameter, rank - 1)) : Optional.empty();
            case COL_VAR -> rank > 1 ? Optional.of(one(parameter, rank - 2)) : Optional.empty();
            case VARIANCE -> rank > 1 ? Optional.empty() : Optional.of(parameter);
        };
    }

    /** This slot's tensors, of those of {@code parameters} that have it and in their order. */
    public List<TensorSpec> tensors(List<TensorSpec> parameters) {
        var tensors = new ArrayList<TensorSpec>();
        for (var parameter : parameters) {
            var name = tensor(parameter.name());
            shape(parameter.shape())
                    .ifPresent(shape -> tensors.add(new TensorSpec(name, DType.F32, shape)));
        }
        return tensors;
    }

    private static Shape one(Shape shape, int axis) {
        var axes = new ArrayList<>(shape.axes());
        axes.set(axis, 1L);
        return new Shape(axes);
    }
}
