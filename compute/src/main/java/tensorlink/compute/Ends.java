package tensorlink.compute;

/**
 * The first and the last of a model.
 *
 * @param tied whether the head uses the embedding's weights
 * @param embeddingScale what embeddings are multiplied by; 1 for nothing
 * @param segments how many rows there are for segments of a text; 0 for none
 * @param logitCap the largest magnitude of logits, which they approach as a hyperbolic tangent
 *     does; 0 for no cap
 */
public record Ends(boolean tied, double embeddingScale, int segments, double logitCap) {
    /** With a head of its own, or none. */
    Ends untied() {
        return new Ends(false, embeddingScale, segments, logitCap);
    }

    public Ends {
        ModelConfig.require(
                embeddingScale > 0 && embeddingScale < 1e6, "embedding scale " + embeddingScale);
        ModelConfig.require(segments >= 0 && segments <= 1 << 10, "segments " + segments);
        ModelConfig.require(logitCap >= 0 && logitCap < 1e6, "logit cap " + logitCap);
    }

    static Ends plain(boolean tied) {
        return new Ends(tied, 1, 0, 0);
    }
}
