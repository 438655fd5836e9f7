package tensorlink.node.cli;

import java.util.Locale;
import java.util.regex.Pattern;

/** Numbers of bytes, for people. */
public final class Sizes {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};
    private static final Pattern SIZE =
            Pattern.compile("(\\d{1,6}(?:\\.\\d{1,3})?) ?([KMGT]i?B|B)?", Pattern.CASE_INSENSITIVE);

    private Sizes() {}

    /**
     * Reads what a flag says, such as "4 GiB" or "800 MB".
     *
     * @throws UsageException when it is no size of at least a byte
     */
    static long parse(String flag, String text) {
        var matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw new UsageException(
                    flag + " \"" + text + "\": must be a size, such as \"4 GiB\" or \"800 MB\"");
        }
        var unit = matcher.group(2) == null ? "B" : matcher.group(2).toUpperCase(Locale.ROOT);
        double base = unit.length() == 3 ? 1024 : 1000;
        double bytes =
                Double.parseDouble(matcher.group(1))
                        * Math.pow(base, "BKMGT".indexOf(unit.charAt(0)));
        if (bytes < 1) {
            throw new UsageException(flag + " \"" + text + "\": must be at least 1 B");
        }
        return (long) bytes;
    }

    public static String bytes(long count) {
        double value = count;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? count + " B" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }
}
