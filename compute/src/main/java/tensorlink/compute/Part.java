package tensorlink.compute;

/**
 * What a tensor, or a weight with its bias, is to the block that uses it. In the order in which a
 * stage keeps the parts of one block.
 */
public enum Part {
    /** One row per token id. Where embeddings are tied it is the head as well. */
    TOKENS,
    /** One row per position. */
    POSITIONS,
    /** One row per segment of a text. */
    TOKEN_TYPES,
    EMBEDDING_NORM,

    QUERY,
    KEY,
    VALUE,
    /** The three at once. */
    QUERY_KEY_VALUE,
    OUTPUT,
    GATE,
    UP,
    /** The two at once. */
    GATE_UP,
    DOWN,
    /** Over each head's queries. */
    QUERY_NORM,
    /** Over each head's keys. */
    KEY_NORM,
    /** Of what attention reads. */
    ATTENTION_NORM,
    /** Of what attention gives. */
    ATTENTION_END_NORM,
    /** Of what the feed-forward reads. */
    FEED_FORWARD_NORM,
    /** Of what the feed-forward gives. */
    FEED_FORWARD_END_NORM,

    FINAL_NORM,
    /** What hidden states go through before the head of a masked language model. */
    TRANSFORM,
    TRANSFORM_NORM,
    /** What the first position goes through before it is classified. */
    POOLER,
    CLASSIFIER,
    /** The head's bias, which has a name of its own. */
    HEAD_BIAS,
    /** From hidden states to logits. */
    HEAD;

    /** Whether it belongs to a layer, rather than to an end of the model. */
    boolean ofLayer() {
        return compareTo(QUERY) >= 0 && compareTo(FEED_FORWARD_END_NORM) <= 0;
    }

    /** Whether it is a linear part of a layer. */
    boolean ofLayerAndLinear() {
        return compareTo(QUERY) >= 0 && compareTo(DOWN) <= 0;
    }

    boolean ofEmbedding() {
        return compareTo(QUERY) < 0;
    }
}
