package tensorlink.compute.optim;

/**
 * How the learning rate changes with the steps: values only, so that training that goes on from a
 * step goes on with its rate. Each gives the rates of torch's or transformers' schedule of the same
 * name.
 */
public sealed interface LearningRateSchedule {

    /**
     * What the optimizer's learning rate is multiplied by.
     *
     * @param steps how many steps have been taken before
     */
    double factor(long steps);

    /** The schedule once {@code metric}, which should fall, is known. */
    default LearningRateSchedule after(double metric) {
        return this;
    }

    /**
     * Always the same, after a warm-up.
     *
     * @param warmUp the first step that has the whole rate; before, it grows from 0
     */
    record Constant(long warmUp) implements LearningRateSchedule {
        public Constant {
            requireSteps("warm-up", warmUp, 0);
        }

        @Override
        public double factor(long steps) {
            return warmingUp(steps, warmUp);
        }
    }

    /**
     * Falls from time to time.
     *
     * @param every how many steps share a rate, at least 1
     * @param factor what each next rate is of the one before, in (0, 1]
     */
    record Stairs(long every, double factor) implements LearningRateSchedule {
        public Stairs {
            requireSteps("stair", every, 1);
            Require.require(factor > 0 && factor <= 1, "factor", factor);
        }

        @Override
        public double factor(long steps) {
            long stairs = steps / every;
            return StrictMath.pow(factor, (double) stairs);
        }
    }

    /**
     * Falls evenly to 0.
     *
     * @param warmUp the first step that has the whole rate; before, it grows from 0
     * @param total the first step that has none
     */
    record Linear(long warmUp, long total) implements LearningRateSchedule {
        public Linear {
            requireSteps("warm-up", warmUp, 0);
            requireSteps("total", total, warmUp + 1);
        }

        @Override
        public double factor(long steps) {
            return steps < warmUp
                    ? warmingUp(steps, warmUp)
                    : Math.max(0, (double) (total - steps) / (total - warmUp));
        }
    }

    /**
     * Falls to {@code floor} along half a wave.
     *
     * @param warmUp the first step that has the whole rate; before, it grows from 0
     * @param total the first step that has {@code floor}
     * @param floor in [0, 1]
     */
    record Cosine(long warmUp, long total, double floor) implements LearningRateSchedule {
        public Cosine {
            requireSteps("warm-up", warmUp, 0);
            requireSteps("total", total, warmUp + 1);
            Require.require(floor >= 0 && floor <= 1, "floor", floor);
        }

        @Override
        public double factor(long steps) {
            if (steps < warmUp) {
                return warmingUp(steps, warmUp);
            }
            double progress = Math.min(1, (double) (steps - warmUp) / (total - warmUp));
            return floor + (1 - floor) * 0.5 * (1 + StrictMath.cos(Math.PI * progress));
        }
    }

    /**
     * Falls when a metric has not fallen for a while.
     *
     * @param how when and how far
     * @param best the least metric so far, infinite before the first
     * @param bad how many metrics in a row were no better than it
     * @param cooling how many more are not counted
     * @param current the factor now
     */
    record Plateau(PlateauRule how, double best, int bad, int cooling, double current)
            implements LearningRateSchedule {

        /** Before the first metric. */
        public static Plateau of(PlateauRule how) {
            return new Plateau(how, Double.POSITIVE_INFINITY, 0, 0, 1);
        }

        @Override
        public double factor(long steps) {
            return current;
        }

        @Override
        public Plateau after(double metric) {
            boolean better = metric < best * (1 - how.threshold());
            boolean cool = cooling > 0;
            int worse = better || cool ? 0 : bad + 1;
            int left = cool ? cooling - 1 : 0;
            double least = better ? metric : best;
            if (worse > how.patience()) {
                double next = Math.max(current * how.factor(), how.least());
                return new Plateau(how, least, 0, how.cooldown(), next);
            }
            return new Plateau(how, least, worse, left, current);
        }
    }

    /**
     * When and how far a {@link Plateau} falls.
     *
     * @param factor what each next rate is of the one before, in (0, 1)
     * @param patience how many metrics in a row may be no better
     * @param threshold by which share a metric must be lower to be better
     * @param cooldown how many metrics are not counted after the rate fell
     * @param least the least factor, in [0, 1]
     */
    record PlateauRule(double factor, int patience, double threshold, int cooldown, double least) {
        public PlateauRule {
            Require.decay("factor", factor);
            Require.require(patience >= 0, "patience", patience);
            Require.decay("threshold", threshold);
            Require.require(cooldown >= 0, "cooldown", cooldown);
            Require.require(least >= 0 && least <= 1, "least factor", least);
        }

        /** torch's defaults: a tenth after more than 10 metrics that are not 1e-4 better. */
        public static PlateauRule defaults() {
            return new PlateauRule(0.1, 10, 1e-4, 0, 0);
        }
    }

    private static double warmingUp(long steps, long warmUp) {
        return steps < warmUp ? (double) steps / warmUp : 1;
    }

    private static void requireSteps(String name, long steps, long least) {
        if (steps < least) {
            throw new IllegalArgumentException(name + " " + steps + ", at least " + least);
        }
    }
}
