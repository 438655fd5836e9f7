package tensorlink.testnet.sim;

import java.util.Map;
import java.util.Optional;

/**
 * What a figure of a simulation is asked to be.
 *
 * @param least the smallest value that will do
 * @param most the largest one
 */
record Goal(String figure, double least, double most) {
    static Goal atLeast(String figure, double least) {
        return new Goal(figure, least, Double.POSITIVE_INFINITY);
    }

    static Goal atMost(String figure, double most) {
        return new Goal(figure, Double.NEGATIVE_INFINITY, most);
    }

    /** How {@code figures} miss it; empty when they do not. */
    Optional<String> missed(Map<String, Object> figures) {
        var value = figures.get(figure);
        if (value instanceof Number number
                && number.doubleValue() >= least
                && number.doubleValue() <= most) {
            return Optional.empty();
        }
        return Optional.of("%s is %s, expected %s".formatted(figure, value, bound()));
    }

    private String bound() {
        return most == Double.POSITIVE_INFINITY ? "at least " + least : "at most " + most;
    }
}
