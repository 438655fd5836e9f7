package tensorlink.compute;

/**
 * How often training sets values to 0, as {@code config.json} says it. What is left is scaled so
 * that the mean stays. Which values depends on {@link TrainingOptions#seed} and on where they are
 * alone: step, batch within the step, micro-batch and layer.
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

    /**
     * Where a family drops values, and how often: 0 for a place where it never does.
     *
     * @param attention of the shares that a query takes
     * @param attentionEnd of what attention adds
     * @param feedForwardEnd of what the feed-forward adds
     * @param headInput of what goes into what classifies
     * @param head of what the classifier's last linear part is given
     */
    public record Sites(
            double embedding,
            double attention,
            double attentionEnd,
            double feedForwardEnd,
            double headInput,
            double head) {}

    Sites sites(Family family) {
        return new Sites(
                family == Family.PHI3 ? 0 : embedding, // its rate is read by nobody
                attention,
                family == Family.DISTILBERT ? 0 : residual,
                residual,
                family == Family.ROBERTA ? head : 0,
                head);
    }

    Dropout withHead(double rate) {
        return new Dropout(embedding, attention, residual, rate);
    }

    public boolean none() {
        return equals(NONE);
    }
}
