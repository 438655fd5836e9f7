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
        FEATURES,
        GRAPH
    }

    Kind kind();

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
