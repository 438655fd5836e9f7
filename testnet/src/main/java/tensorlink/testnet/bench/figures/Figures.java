package tensorlink.testnet.bench.figures;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything measured in one run: by name, one value a round. For one thread. */
public final class Figures {
    private final Map<String, List<Double>> values = new LinkedHashMap<>();

    /** Notes the next round's value of {@code name}. */
    public void add(String name, double value) {
        values.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
    }

    /** What was measured of {@code name}; empty when nothing was. */
    public Optional<Sample> find(String name) {
        return Optional.ofNullable(values.get(name)).map(Sample::new);
    }

    /**
     * The ratio of {@code name} to {@code other}, round by round; empty unless both were measured
     * in every round.
     */
    public Optional<Sample> ratio(String name, String other) {
        var above = find(name);
        var below = find(other);
        if (above.isEmpty()
                || below.isEmpty()
                || above.get().values().size() != below.get().values().size()) {
            return Optional.empty();
        }
        return Optional.of(above.get().over(below.get()));
    }

    /** All of it, in the order in which it was first measured. */
    public Map<String, List<Double>> all() {
        return Collections.unmodifiableMap(values);
    }
}
