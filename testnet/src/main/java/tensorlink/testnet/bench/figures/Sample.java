package tensorlink.testnet.bench.figures;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Some measurements of one thing, in the order in which they were taken; at least one. */
public record Sample(List<Double> values) {
    public Sample {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException("no measurements");
        }
    }

    public double median() {
        return quantile(0.5);
    }

    public double mean() {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.size();
    }

    public double min() {
        return quantile(0);
    }

    public double max() {
        return quantile(1);
    }

    /** The value below which {@code share} of the measurements lie. */
    public double quantile(double share) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        int index = (int) Math.min(sorted.length - 1, Math.floor(share * sorted.length));
        return sorted[index];
    }

    /**
     * Each measurement as a multiple of the one that {@code other} took in the same round, so that
     * what slows down a whole round cancels out.
     *
     * @throws IllegalArgumentException when the two have different numbers of rounds
     */
    public Sample over(Sample other) {
        if (values.size() != other.values.size()) {
            throw new IllegalArgumentException(
                    values.size() + " rounds against " + other.values.size());
        }
        var ratios = new ArrayList<Double>();
        for (int round = 0; round < values.size(); round++) {
            ratios.add(values.get(round) / other.values.get(round));
        }
        return new Sample(ratios);
    }
}
