package tensorlink.node.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Guesses what was meant by a name that nobody knows. */
public final class Spelling {
    private Spelling() {}

    /**
     * The known name closest to {@code word}; empty when none is close.
     *
     * <p>Names may have parts separated by dots. A right last part in the wrong place is close,
     * too.
     */
    public static Optional<String> nearest(String word, Collection<String> known) {
        int farthest = Math.max(2, word.length() / 3);
        return known.stream()
                .filter(name -> difference(name, word) <= farthest)
                .min(Comparator.comparingInt(name -> difference(name, word)));
    }

    private static int difference(String name, String word) {
        return Math.min(distance(name, word), 1 + distance(lastPart(name), lastPart(word)));
    }

    private static String lastPart(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Edits between two words: letters added, left out, changed, or swapped with the next. */
    private static int distance(String a, String b) {
        var rows = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            rows[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            rows[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                rows[i][j] =
                        Math.min(
                                rows[i - 1][j - 1] + change,
                                1 + Math.min(rows[i - 1][j], rows[i][j - 1]));
                if (i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1)) {
                    rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }
        return rows[a.length()][b.length()];
    }
}
