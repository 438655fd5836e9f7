package tensorlink.node.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * Reads settings from a TOML file; unknown keys and wrong types are errors with line and column.
 */
final class ConfigFile {
    private static final int BYTES_MAX = 256 << 10;
    private static final long SCHEMA = 1;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final Path file;
    private final List<String> faults = new ArrayList<>();
    private final Map<Setting, Entry> values = new EnumMap<>(Setting.class);

    /**
     * A value as it is in the file; list items are separated by commas.
     *
     * @param place file, line and column
     */
    record Entry(String text, String place) {}

    private ConfigFile(Path file) {
        this.file = file;
    }

    /**
     * The settings in {@code file}.
     *
     * @throws ConfigException naming every fault
     */
    static Map<Setting, Entry> read(Path file) {
        var reading = new ConfigFile(file);
        reading.readAll();
        if (!reading.faults.isEmpty()) {
            throw new ConfigException(reading.faults);
        }
        return reading.values;
    }

    private void readAll() {
        var text = text();
        if (text.isEmpty()) {
            return;
        }
        var toml = Toml.parse(text.get());
        for (var error : toml.errors()) {
            fault(error.position(), String.valueOf(error.getMessage()));
        }
        if (!toml.hasErrors()) {
            readRoot(toml);
        }
    }

    private Optional<String> text() {
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                faults.add(file + ": has more than " + BYTES_MAX + " bytes");
                return Optional.empty();
            }
            var characters =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return Optional.of(
                    characters.startsWith(BYTE_ORDER_MARK) ? characters.substring(1) : characters);
        } catch (CharacterCodingException foreign) {
            faults.add(file + ": is not UTF-8 text; save it as UTF-8");
        } catch (IOException unreadable) {
            faults.add(file + ": cannot be read: " + unreadable.getMessage());
        }
        return Optional.empty();
    }

    private void readRoot(TomlTable root) {
        for (var name : root.keySet()) {
            var value = root.get(List.of(name));
            var position = root.inputPositionOf(List.of(name));
            boolean section = Setting.sections().contains(name);
            if (name.equals("schema")) {
                if (!Long.valueOf(SCHEMA).equals(value)) {
                    fault(position, "schema " + value + " is not known here; use schema = 1");
                }
            } else if (value instanceof TomlTable table && section) {
                readSection(name, table);
            } else if (section) {
                fault(position, "\"" + name + "\" is a section: write [" + name + "]");
            } else if (value instanceof TomlTable) {
                fault(
                        position,
                        "unknown section \""
                                + name
                                + "\""
                                + meant(Spelling.nearest(name, Setting.sections())));
            } else {
                fault(position, "unknown key \"" + name + "\"" + meant(Setting.nearest(name)));
            }
        }
    }

    private void readSection(String section, TomlTable table) {
        for (var name : table.keySet()) {
            var path = List.of(name);
            readValue(section + "." + name, table.get(path), table.inputPositionOf(path));
        }
    }

    private static String meant(Optional<String> guess) {
        return guess.map(name -> "; did you mean \"" + name + "\"?").orElse("");
    }

    private void readValue(String key, @Nullable Object value, @Nullable TomlPosition position) {
        var known = Setting.byKey(key);
        if (known.isEmpty()) {
            fault(position, "unknown key \"" + key + "\"" + meant(Setting.nearest(key)));
            return;
        }
        var setting = known.get();
        switch (setting.kind()) {
            case TEXT -> {
                if (value instanceof String text) {
                    put(setting, text, position);
                } else {
                    fault(position, key + " must be a text in quotes");
                }
            }
            case NUMBER -> {
                if (value instanceof Long number) {
                    put(setting, number.toString(), position);
                } else {
                    fault(position, key + " must be a whole number, without quotes");
                }
            }
            case LIST -> {
                if (value instanceof TomlArray array && areItems(array)) {
                    put(setting, join(array), position);
                } else {
                    fault(
                            position,
                            key
                                    + " must be a list of texts without commas, such as [\"a\","
                                    + " \"b\"]");
                }
            }
        }
    }

    private void put(Setting setting, String text, @Nullable TomlPosition position) {
        values.put(setting, new Entry(text, place(position)));
    }

    private static boolean areItems(TomlArray array) {
        return array.toList().stream()
                .allMatch(item -> item instanceof String text && text.indexOf(',') < 0);
    }

    private static String join(TomlArray array) {
        var items = new ArrayList<String>();
        for (int i = 0; i < array.size(); i++) {
            items.add(array.getString(i));
        }
        return String.join(",", items);
    }

    private void fault(@Nullable TomlPosition position, String text) {
        faults.add(place(position) + ": " + text);
    }

    private String place(@Nullable TomlPosition position) {
        return position == null
                ? file.toString()
                : file + ":" + position.line() + ":" + position.column();
    }
}
