package tensorlink.compute;

/** How a model knows where in a text it is. */
public sealed interface Positions {

    /** Which of them a family has. */
    enum Kind {
        ROTARY,
        LEARNED
    }

    Kind kind();

    /**
     * Queries and keys are turned.
     *
     * @param dimensions how many of each head's dimensions turn, the first ones; even
     */
    record Rotary(Rope rope, int dimensions) implements Positions {
        public Rotary {
            ModelConfig.require(
                    dimensions >= 2 && dimensions % 2 == 0, "rotary dimensions " + dimensions);
        }

        @Override
        public Kind kind() {
            return Kind.ROTARY;
        }
    }

    /**
     * A learned row for each position is added to the embedding.
     *
     * @param offset the row of the first position; where it is not 0, as in RoBERTa, only positions
     *     whose token is not the padding token count, and those that do not have the row before it
     */
    record Learned(int offset) implements Positions {
        public Learned {
            ModelConfig.require(offset >= 0 && offset < 1 << 20, "position offset " + offset);
        }

        @Override
        public Kind kind() {
            return Kind.LEARNED;
        }
    }
}
