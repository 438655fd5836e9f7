package tensorlink.compute;

import java.util.List;
import tensorlink.compute.graph.GraphLoss;

/** What a model is for: what its last stage gives, and what its loss compares that with. */
public sealed interface Task {

    /** A task without its particulars. */
    enum Kind {
        CAUSAL_LM,
        MASKED_LM,
        CLASSIFICATION,
        REGRESSION,
        FEATURES,
        GRAPH
    }

    Kind kind();

    /** Whether a row is judged as a whole, rather than each of its positions. */
    default boolean ofRows() {
        return switch (kind()) {
            case CLASSIFICATION, REGRESSION -> true;
            case CAUSAL_LM, MASKED_LM, FEATURES, GRAPH -> false;
        };
    }

    /** Logits of every position's next token; labels are tokens. */
    record CausalLm() implements Task {
        @Override
        public Kind kind() {
            return Kind.CAUSAL_LM;
        }
    }

    /** Logits of every position's own token; labels are tokens. */
    record MaskedLm() implements Task {
        @Override
        public Kind kind() {
            return Kind.MASKED_LM;
        }
    }

    /**
     * Logits of each row's class; a row has one label, the number of its class.
     *
     * @param labels the names of the classes, at least one
     */
    record Classification(List<String> labels) implements Task {
        static final int LABELS_MAX = 1 << 16;

        public Classification {
            labels = List.copyOf(labels);
            ModelConfig.within("labels", labels.size(), LABELS_MAX);
        }

        @Override
        public Kind kind() {
            return Kind.CLASSIFICATION;
        }
    }

    /**
     * Numbers for each row, compared by the mean of squared differences; a row has as many labels,
     * see {@link Tokens#ofNumbers}.
     *
     * @param labels the names of the numbers, at least one
     */
    record Regression(List<String> labels) implements Task {
        public Regression {
            labels = List.copyOf(labels);
            ModelConfig.within("labels", labels.size(), Classification.LABELS_MAX);
        }

        @Override
        public Kind kind() {
            return Kind.REGRESSION;
        }
    }

    /** Whatever a graph's last node gives. */
    record Graph(GraphLoss loss) implements Task {
        @Override
        public Kind kind() {
            return Kind.GRAPH;
        }
    }

    /** Hidden states of every position, as embeddings are made of; there is no loss. */
    record Features() implements Task {
        @Override
        public Kind kind() {
            return Kind.FEATURES;
        }
    }
}
