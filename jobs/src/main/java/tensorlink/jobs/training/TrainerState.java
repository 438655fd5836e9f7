package tensorlink.jobs.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How far a run is. All of it but {@code history} and the two sums follows from the step.
 *
 * @param step how many steps have been taken
 * @param stepsMax how many there will be, unless the run is stopped
 * @param epoch how often each example has been learnt from, with its fraction
 * @param loss of the last step; 0 before the first
 * @param lossSum over the steps since a loss was last logged
 * @param lossCount how many steps that is
 * @param history everything logged, oldest first
 */
public record TrainerState(
        long step,
        long stepsMax,
        double epoch,
        float loss,
        double lossSum,
        long lossCount,
        List<Metrics> history) {
    public TrainerState {
        history = List.copyOf(history);
        if (step < 0 || lossCount < 0) {
            throw new IllegalArgumentException("step " + step + ", losses " + lossCount);
        }
    }

    /** Before the first step. */
    public static TrainerState initial() {
        return at(0, List.of());
    }

    /** After {@code step} steps of which only {@code history} is known. */
    public static TrainerState at(long step, List<Metrics> history) {
        return new TrainerState(step, 0, 0, 0, 0, 0, history);
    }

    /** The evaluation with the smallest loss, the first of equal ones. */
    public Optional<Metrics> best() {
        Optional<Metrics> best = Optional.empty();
        for (var metrics : history) {
            var loss = metrics.value(Metrics.EVAL_LOSS);
            if (loss.isPresent() && (best.isEmpty() || loss.getAsDouble() < lossOf(best.get()))) {
                best = Optional.of(metrics);
            }
        }
        return best;
    }

    private static double lossOf(Metrics evaluation) {
        return evaluation.value(Metrics.EVAL_LOSS).orElseThrow();
    }

    TrainerState lasting(long steps, double epochNow) {
        return new TrainerState(step, steps, epochNow, loss, lossSum, lossCount, history);
    }

    TrainerState stepped(float lossOfStep, double epochNow) {
        return new TrainerState(
                step + 1,
                stepsMax,
                epochNow,
                lossOfStep,
                lossSum + lossOfStep,
                lossCount + 1,
                history);
    }

    TrainerState logged(Metrics metrics) {
        var longer = new ArrayList<>(history);
        longer.add(metrics);
        boolean ofLoss = metrics.value(Metrics.LOSS).isPresent();
        return new TrainerState(
                step, stepsMax, epoch, loss, ofLoss ? 0 : lossSum, ofLoss ? 0 : lossCount, longer);
    }
}
