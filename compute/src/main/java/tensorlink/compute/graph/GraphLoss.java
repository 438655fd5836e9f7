package tensorlink.compute.graph;

import java.util.Locale;

/** What the result of a graph is compared with while it is trained. */
public enum GraphLoss {
    /** The last axis has a number per class; a label is a class, one for each place before it. */
    CROSS_ENTROPY,
    /** A label is a number for each number of the result. */
    MEAN_SQUARED_ERROR;

    /** Its name in a graph's text. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
