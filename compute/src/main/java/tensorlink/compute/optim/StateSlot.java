package tensorlink.compute.optim;

import java.util.Locale;
import java.util.Optional;
import tensorlink.compute.tensor.Shape;

/** Something that optimizers remember of a parameter from step to step, under torch's name. */
public enum StateSlot {
    EXP_AVG,
    EXP_AVG_SQ;

    /** What all tensors of an optimizer's state begin with, and no parameter does. */
    public static final String PREFIX = "optimizer.";

    /** The name of this slot's tensor for {@code parameter}. */
    public String tensor(String parameter) {
        return PREFIX + name().toLowerCase(Locale.ROOT) + "." + parameter;
    }

    /** The shape for a parameter of shape {@code parameter}; empty if it has no such slot. */
    public Optional<Shape> shape(Shape parameter) {
        return switch (this) {
            case EXP_AVG, EXP_AVG_SQ -> Optional.of(parameter);
        };
    }
}
