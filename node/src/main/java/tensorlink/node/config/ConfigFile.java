package tensorlink.node.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * Reads settings from a TOML file; unknown keys and wrong types are errors with line and column.
 */
final class ConfigFile {
    private static final long BYTES_MAX = 256 << 10;
    private static final long SCHEMA = 1;

    private final Path file;
    private final List<String> faults = new ArrayList<>();
    private final Map<Setting, String> values = new EnumMap<>(Setting.class);

    private ConfigFile(Path file) {
        this.file = file;
    }

    /**
     * The settings in {@code file}; list items are separated by commas.
     *
     * @throws ConfigException naming every fault
     */
    static Map<Setting, String> read(Path file) {
        var reading = new ConfigFile(file);
        reading.readAll();
        if (!reading.faults.isEmpty()) {
            throw new ConfigException(reading.faults);
        }
        return reading.values;
    }

    private void readAll() {
        String text;
        try {
            if (Files.size(file) > BYTES_MAX) {
                faults.add(file + ": more than " + BYTES_MAX + " bytes");
                return;
            }
            text = Files.readString(file);
        } catch (IOException unreadable) {
            faults.add(file + ": cannot be read: " + unreadable.getMessage());
            return;
        }
        var toml = Toml.parse(text);
        for (var error : toml.errors()) {
            fault(error.position(), String.valueOf(error.getMessage()));
        }
        if (!toml.hasErrors()) {
            readTable("", toml);
        }
    }

    private void readTable(String prefix, TomlTable table) {
        for (var name : table.keySet()) {
            var key = prefix + name;
            var value = table.get(List.of(name));
            var position = table.inputPositionOf(List.of(name));
            if (key.equals("schema")) {
                if (!Long.valueOf(SCHEMA).equals(value)) {
                    fault(position, "schema " + value + " is not known here; use schema = 1");
                }
            } else if (value instanceof TomlTable inner && prefix.isEmpty()) {
                readTable(name + ".", inner);
            } else {
                readValue(key, value, position);
            }
        }
    }

    private void readValue(
            String key,
            @org.jspecify.annotations.Nullable Object value,
            @org.jspecify.annotations.Nullable TomlPosition position) {
        var known = Setting.byKey(key);
        if (known.isEmpty()) {
            var similar = Setting.similarTo(key);
            fault(
                    position,
                    "unknown key \""
                            + key
                            + "\""
                            + (similar.isEmpty()
                                    ? ""
                                    : "; did you mean \"" + similar.getFirst() + "\"?"));
            return;
        }
        var setting = known.get();
        switch (setting.kind()) {
            case TEXT -> {
                if (value instanceof String text) {
                    values.put(setting, text);
                } else {
                    fault(position, key + " must be a text in quotes");
                }
            }
            case NUMBER -> {
                if (value instanceof Long number) {
                    values.put(setting, number.toString());
                } else {
                    fault(position, key + " must be a whole number");
                }
            }
            case LIST -> {
                if (value instanceof TomlArray array && areTexts(array)) {
                    values.put(setting, join(array));
                } else {
                    fault(position, key + " must be a list of texts, such as [\"a\", \"b\"]");
                }
            }
        }
    }

    private static boolean areTexts(TomlArray array) {
        return array.toList().stream().allMatch(String.class::isInstance);
    }

    private static String join(TomlArray array) {
        var items = new ArrayList<String>();
        for (int i = 0; i < array.size(); i++) {
            items.add(array.getString(i));
        }
        return String.join(",", items);
    }

    private void fault(@Nullable TomlPosition position, String text) {
        var place = position == null ? "" : position.line() + ":" + position.column() + ": ";
        faults.add(file + ":" + place + " " + text);
    }
}
