package tensorlink.testnet.bench.figures;

import java.util.Optional;

/**
 * What a figure, or its ratio to another, is asked to reach.
 *
 * @param name for people
 * @param figure what is judged
 * @param reference what {@code figure} is divided by, round by round
 * @param must the bound
 * @param stretch a harder one that would be welcome
 */
public record Target(
        String name,
        String figure,
        Optional<String> reference,
        Bound bound,
        double must,
        Optional<Double> stretch) {

    /** On which side of its bound a figure should be; the bound itself will do. */
    public enum Bound {
        AT_LEAST(">="),
        AT_MOST("<=");

        private final String sign;

        Bound(String sign) {
            this.sign = sign;
        }

        public String sign() {
            return sign;
        }

        boolean holds(double value, double limit) {
            return switch (this) {
                case AT_LEAST -> value >= limit;
                case AT_MOST -> value <= limit;
            };
        }
    }

    /** {@code figure} alone must be at least {@code must}. */
    public static Target atLeast(String name, String figure, double must) {
        return new Target(name, figure, Optional.empty(), Bound.AT_LEAST, must, Optional.empty());
    }

    /** {@code figure} alone must be at most {@code must}. */
    public static Target atMost(String name, String figure, double must) {
        return new Target(name, figure, Optional.empty(), Bound.AT_MOST, must, Optional.empty());
    }

    /** The same of the ratio to {@code changed}. */
    public Target of(String changed) {
        return new Target(name, figure, Optional.of(changed), bound, must, stretch);
    }

    public Target stretch(double changed) {
        return new Target(name, figure, reference, bound, must, Optional.of(changed));
    }

    /** Judges by the median of the rounds. */
    public Verdict judge(Figures figures) {
        var measured =
                reference.isPresent()
                        ? figures.ratio(figure, reference.get())
                        : figures.find(figure);
        return new Verdict(this, measured);
    }

    /**
     * How a target came out.
     *
     * @param measured the figure or the ratio; empty when it was not measured in every round
     */
    public record Verdict(Target target, Optional<Sample> measured) {
        /** Whether the target is met; empty when it was not measured. */
        public Optional<Boolean> isMet() {
            return measured.map(sample -> target.bound.holds(sample.median(), target.must));
        }

        /** The same of the harder bound; empty when there is none, too. */
        public Optional<Boolean> isStretchMet() {
            return measured.flatMap(sample ->
                    target.stretch.map(limit -> target.bound.holds(sample.median(), limit)));
        }
    }
}
