package tensorlink.compute;

import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive transformer layers, {@code first} inclusive to {@code end} exclusive.
 *
 * <p>A stage that holds layer 0 also holds the embedding; one that holds the model's last layer
 * also holds the final norm and the head.
 */
public record LayerRange(int first, int end) {
    public LayerRange {
        if (first < 0 || end <= first) {
            throw new IllegalArgumentException("bad layers " + first + ".." + end);
        }
    }

    /**
     * Cuts {@code layers} layers into {@code parts} ranges of near equal size, larger ones first.
     */
    public static List<LayerRange> even(int layers, int parts) {
        if (parts < 1 || parts > layers) {
            throw new IllegalArgumentException(parts + " parts of " + layers + " layers");
        }
        var ranges = new ArrayList<LayerRange>(parts);
        int first = 0;
        for (int part = 0; part < parts; part++) {
            int end = first + layers / parts + (part < layers % parts ? 1 : 0);
            ranges.add(new LayerRange(first, end));
            first = end;
        }
        return List.copyOf(ranges);
    }

    public int size() {
        return end - first;
    }

    @Override
    public String toString() {
        return size() == 1 ? "layer " + first : "layers " + first + "-" + (end - 1);
    }
}
