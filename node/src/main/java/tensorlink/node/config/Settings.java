package tensorlink.node.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * The value of every {@link Setting} and where it came from: flag before environment before file
 * before default.
 */
public final class Settings {

    /** Where a value came from, strongest first. */
    public enum Origin {
        FLAG,
        ENVIRONMENT,
        FILE,
        DEFAULT
    }

    private record Value(String text, Origin origin, String place) {}

    private final Map<Setting, Value> values = new EnumMap<>(Setting.class);

    /**
     * Gathers the settings.
     *
     * @param flags what the command line says
     * @param environment the process's variables
     * @param file the configuration file; need not exist
     * @throws ConfigException when the file has faults, or a variable starts with {@code
     *     TENSORLINK_} and a section's name but names no setting
     */
    public static Settings gather(
            Map<Setting, String> flags, Map<String, String> environment, Path file) {
        refuseUnknownVariables(environment);
        var inFile =
                Files.exists(file) ? ConfigFile.read(file) : Map.<Setting, ConfigFile.Entry>of();
        var settings = new Settings();
        for (var setting : Setting.values()) {
            settings.values.put(setting, find(setting, flags, environment, inFile));
        }
        return settings;
    }

    /** The value's text; list items are separated by commas. */
    public String text(Setting setting) {
        return value(setting).text();
    }

    /** The items of a list setting, without blanks around them. */
    public List<String> list(Setting setting) {
        return List.of(text(setting).split(",")).stream()
                .map(String::strip)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    public Origin origin(Setting setting) {
        return value(setting).origin();
    }

    /** Where to look for a value that is wrong: a line of the file, a variable, the flags. */
    String place(Setting setting) {
        return value(setting).place();
    }

    private Value value(Setting setting) {
        return Objects.requireNonNull(values.get(setting), "every setting has a value");
    }

    private static Value find(
            Setting setting,
            Map<Setting, String> flags,
            Map<String, String> environment,
            Map<Setting, ConfigFile.Entry> inFile) {
        var flag = flags.get(setting);
        if (flag != null) {
            return new Value(flag, Origin.FLAG, "command line");
        }
        var variable = environment.get(setting.variable());
        if (variable != null) {
            return new Value(variable, Origin.ENVIRONMENT, setting.variable());
        }
        var line = inFile.get(setting);
        if (line != null) {
            return new Value(line.text(), Origin.FILE, line.place());
        }
        return new Value(setting.preset(), Origin.DEFAULT, "default");
    }

    /**
     * A variable that was meant for us and would be ignored is a mistake somebody should hear of.
     */
    private static void refuseUnknownVariables(Map<String, String> environment) {
        var known = List.of(Setting.values()).stream().map(Setting::variable).toList();
        var faults = new ArrayList<String>();
        for (var name : new TreeSet<>(environment.keySet())) {
            if (!known.contains(name) && startsLikeOurs(name)) {
                faults.add(
                        "unknown variable "
                                + name
                                + Spelling.nearest(name, known)
                                        .map(meant -> "; did you mean " + meant + "?")
                                        .orElse(""));
            }
        }
        if (!faults.isEmpty()) {
            throw new ConfigException(faults);
        }
    }

    private static boolean startsLikeOurs(String variable) {
        return Setting.sections().stream()
                .anyMatch(section ->
                        variable.startsWith(
                                "TENSORLINK_" + section.toUpperCase(Locale.ROOT) + "_"));
    }
}
