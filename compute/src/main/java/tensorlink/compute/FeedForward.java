package tensorlink.compute;

import java.util.List;

/**
 * What every position goes through alone.
 *
 * @param inner its width
 * @param bias whether its projections have biases
 */
public record FeedForward(int inner, Activation activation, boolean bias) {
    public FeedForward {
        ModelConfig.within("inner", inner, ModelConfig.INTERMEDIATE_MAX);
    }

    /** The function between the projections. */
    public enum Activation {
        SILU,
        GELU,
        /** By a hyperbolic tangent instead of the error function. */
        GELU_TANH,
        RELU;

        /** The names transformers has for it, the one to write first. */
        List<String> names() {
            return switch (this) {
                case SILU -> List.of("silu", "swish");
                case GELU -> List.of("gelu", "gelu_python");
                case GELU_TANH -> List.of("gelu_pytorch_tanh", "gelu_new", "gelu_fast");
                case RELU -> List.of("relu");
            };
        }
    }
}
