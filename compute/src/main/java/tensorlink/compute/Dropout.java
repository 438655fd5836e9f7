package tensorlink.compute;

/**
 * How often training sets values to 0, as {@code config.json} says it: kept, so that it is written
 * again, and not computed; {@link ModelConfig#withoutDropout} is what can be trained.
 *
 * @param embedding of embeddings
 * @param attention of attention's probabilities
 * @param residual of what attention and feed-forward give
 * @param head of what is classified
 */
public record Dropout(double embedding, double attention, double residual, double head) {
    public static final Dropout NONE = new Dropout(0, 0, 0, 0);

    public Dropout {
        for (double rate : new double[] {embedding, attention, residual, head}) {
            ModelConfig.require(rate >= 0 && rate <= 1, "dropout " + rate + ", 0 to 1");
        }
    }

    Dropout withHead(double rate) {
        return new Dropout(embedding, attention, residual, rate);
    }

    public boolean none() {
        return equals(NONE);
    }
}
