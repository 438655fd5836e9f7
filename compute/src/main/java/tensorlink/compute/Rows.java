package tensorlink.compute;

import tensorlink.compute.tensor.Tensor;

/** Rows of equal length, of a batch's inputs or its labels. Immutable. */
public sealed interface Rows permits Tokens, Values {

    /** How many rows there are, at least one. */
    int rows();

    /** How many positions a row has. */
    int length();

    /** Rows {@code first} inclusive to {@code end} exclusive. */
    Rows rows(int first, int end);

    /** What a stage takes; the caller owns it. */
    Tensor toTensor();

    /**
     * These, which are tokens.
     *
     * @throws IllegalArgumentException when they are not
     */
    default Tokens tokens() {
        if (this instanceof Tokens tokens) {
            return tokens;
        }
        throw new IllegalArgumentException(this + ", expected tokens");
    }
}
