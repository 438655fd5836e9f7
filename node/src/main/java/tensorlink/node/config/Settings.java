package tensorlink.node.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

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

    private record Value(String text, Origin origin) {}

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
        var inFile = Files.exists(file) ? ConfigFile.read(file) : Map.<Setting, String>of();
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

    private Value value(Setting setting) {
        return Objects.requireNonNull(values.get(setting), "every setting has a value");
    }

    private static Value find(
            Setting setting,
            Map<Setting, String> flags,
            Map<String, String> environment,
            Map<Setting, String> inFile) {
        var flag = flags.get(setting);
        if (flag != null) {
            return new Value(flag, Origin.FLAG);
        }
        var variable = environment.get(setting.variable());
        if (variable != null) {
            return new Value(variable, Origin.ENVIRONMENT);
        }
        var line = inFile.get(setting);
        if (line != null) {
            return new Value(line, Origin.FILE);
        }
        return new Value(setting.preset(), Origin.DEFAULT);
    }
}
