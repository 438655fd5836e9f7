package tensorlink.jobs.training;

/**
 * Stops a run whose evaluations get no better. It remembers nothing: what counts is in the history,
 * so a run that was interrupted stops where it would have stopped.
 *
 * @param patience how many evaluations in a row may be no better than the best, at least 1
 * @param threshold by how much a loss must be smaller to be better, 0 or more
 */
public record EarlyStopping(int patience, double threshold) implements TrainerCallback {
    public EarlyStopping {
        if (patience < 1 || !(threshold >= 0)) {
            throw new IllegalArgumentException(
                    "patience " + patience + ", at least 1; threshold " + threshold);
        }
    }

    @Override
    public void onEvaluate(TrainerState state, TrainerControl control, Metrics metrics) {
        double best = Double.POSITIVE_INFINITY;
        int worse = 0;
        for (var past : state.history()) {
            var loss = past.value(Metrics.EVAL_LOSS);
            if (loss.isEmpty()) {
                continue;
            }
            if (loss.getAsDouble() < best - threshold) {
                best = loss.getAsDouble();
                worse = 0;
            } else {
                worse++; // also when it is not a number
            }
        }
        if (worse >= patience) {
            control.stop();
        }
    }
}
