package tensorlink.testnet.bench;

import java.util.Arrays;
import java.util.List;

/** Some measurements of one thing. */
record Sample(List<Double> values) {
    Sample {
        values = List.copyOf(values);
    }

    double median() {
        return quantile(0.5);
    }

    double min() {
        return quantile(0);
    }

    double max() {
        return quantile(1);
    }

    /** The value below which {@code share} of the measurements lie. */
    double quantile(double share) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        int index = (int) Math.min(sorted.length - 1, Math.floor(share * sorted.length));
        return sorted[index];
    }
}
