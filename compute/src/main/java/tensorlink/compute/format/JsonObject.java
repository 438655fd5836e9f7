package tensorlink.compute.format;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonFactoryBuilder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A small JSON object from an untrusted file, asked for one key at a time: a key that is missing,
 * of another type or out of range becomes an error that names it. A key whose value is null counts
 * as missing.
 */
public final class JsonObject {
    static final int DEPTH_MAX = 32;
    static final int NUMBER_LENGTH_MAX = 64;
    static final int NAME_LENGTH_MAX = 512;
    private static final int STRING_LENGTH_MAX = 1 << 16;
    private static final int TOKENS_MAX = 1 << 19;

    /** What the parser's messages say to programmers who configure it. */
    private static final Pattern PARSER_ADVICE =
            Pattern.compile(
                    " \\(start marker.*| \\(bound as.*|, from `[^`]*`|: enable `.*| \\(not recogn.*"
                            + "|: [a-z]+ number literals require.*");

    private static final JsonMapper MAPPER = new JsonMapper(factory(TOKENS_MAX));

    private final String source;
    private final String prefix;
    private final JsonNode node;

    private JsonObject(String source, String prefix, JsonNode node) {
        this.source = source;
        this.prefix = prefix;
        this.node = node;
    }

    /**
     * Reads a whole document.
     *
     * @param source names the file in errors
     * @param bytesMax the most bytes this kind of file may have
     */
    public static JsonObject parse(String source, byte[] content, int bytesMax)
            throws ModelFormatException {
        if (content.length > bytesMax) {
            throw new ModelFormatException(source, content.length + " bytes, limit " + bytesMax);
        }
        var text = utf8(source, content);
        JsonNode node;
        try {
            node = MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw malformed(source, e);
        }
        if (!node.isObject()) {
            throw new ModelFormatException(source, "expected a JSON object, found " + shown(node));
        }
        return new JsonObject(source, "", node);
    }

    /** The keys, in their order, also of those whose value is null. */
    public List<String> keys() {
        return List.copyOf(node.propertyNames());
    }

    /** Whether {@code key} has a value. */
    public boolean has(String key) {
        return find(key) != null;
    }

    /** Whether {@code key} is there, even with the value null. */
    public boolean mentions(String key) {
        return node.has(key);
    }

    /** Whether {@code key} is missing, null, false, or an object, an array or a text of nothing. */
    public boolean isOff(String key) {
        var value = find(key);
        return value == null
                || (value.isBoolean() && !value.asBoolean())
                || (value.isContainer() && value.isEmpty())
                || (value.isString() && value.stringValue().isEmpty());
    }

    /** How many keys there are. */
    public int size() {
        return node.size();
    }

    public int integer(String key, int min, int max) throws ModelFormatException {
        return integer(key, require(key), min, max);
    }

    public int integer(String key, int min, int max, int otherwise) throws ModelFormatException {
        var value = find(key);
        return value == null ? otherwise : integer(key, value, min, max);
    }

    /** A finite number. */
    public double number(String key, double min, double max) throws ModelFormatException {
        return number(key, require(key), min, max);
    }

    public double number(String key, double min, double max, double otherwise)
            throws ModelFormatException {
        var value = find(key);
        return value == null ? otherwise : number(key, value, min, max);
    }

    public boolean bool(String key, boolean otherwise) throws ModelFormatException {
        var value = find(key);
        if (value == null) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw unexpected(key, "true or false", value);
        }
        return value.asBoolean();
    }

    public String string(String key) throws ModelFormatException {
        return string(key, require(key));
    }

    public String string(String key, String otherwise) throws ModelFormatException {
        var value = find(key);
        return value == null ? otherwise : string(key, value);
    }

    /** A string, or an integer as its digits. */
    public String stringOrInteger(String key) throws ModelFormatException {
        var value = require(key);
        if (value.isIntegralNumber()) {
            return value.bigIntegerValue().toString();
        }
        if (!value.isString()) {
            throw unexpected(key, "a string or an integer", value);
        }
        return value.stringValue();
    }

    public Optional<List<String>> strings(String key) throws ModelFormatException {
        var value = find(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isArray()) {
            throw unexpected(key, "an array of strings", value);
        }
        var strings = new ArrayList<String>(value.size());
        for (var element : value) {
            strings.add(string(key, element));
        }
        return Optional.of(strings);
    }

    /** An integer, or an array of integers; empty when missing. */
    public List<Integer> integers(String key, int min, int max) throws ModelFormatException {
        var value = find(key);
        if (value == null) {
            return List.of();
        }
        if (!value.isArray()) {
            return List.of(integer(key, value, min, max));
        }
        var integers = new ArrayList<Integer>(value.size());
        for (var element : value) {
            integers.add(integer(key, element, min, max));
        }
        return integers;
    }

    public Optional<JsonObject> object(String key) throws ModelFormatException {
        var value = find(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isObject()) {
            throw unexpected(key, "an object", value);
        }
        return Optional.of(new JsonObject(source, prefix + key + ".", value));
    }

    /** An array of objects; each names its place in errors. */
    public List<JsonObject> objects(String key, int max) throws ModelFormatException {
        var value = require(key);
        if (!value.isArray()) {
            throw unexpected(key, "an array of objects", value);
        }
        if (value.size() > max) {
            throw new ModelFormatException(
                    source, prefix + key + ": " + value.size() + " entries, limit " + max);
        }
        var objects = new ArrayList<JsonObject>(value.size());
        for (int i = 0; i < value.size(); i++) {
            var place = key + "[" + i + "]";
            if (!value.get(i).isObject()) {
                throw unexpected(place, "an object", value.get(i));
            }
            objects.add(new JsonObject(source, prefix + place + ".", value.get(i)));
        }
        return objects;
    }

    /** An object whose values are all strings. */
    Map<String, String> stringMap(String key, int entriesMax) throws ModelFormatException {
        var value = require(key);
        if (!value.isObject()) {
            throw unexpected(key, "an object", value);
        }
        if (value.size() > entriesMax) {
            throw new ModelFormatException(
                    source, prefix + key + ": " + value.size() + " entries, limit " + entriesMax);
        }
        var strings = new LinkedHashMap<String, String>();
        for (var entry : value.properties()) {
            strings.put(entry.getKey(), string(key + "." + entry.getKey(), entry.getValue()));
        }
        return strings;
    }

    /** The error of a value that is understood but cannot be used. */
    public ModelFormatException unsupported(String key, String expected) {
        return unexpected(key, expected, node.path(key));
    }

    private @Nullable JsonNode find(String key) {
        var value = node.get(key);
        return value == null || value.isNull() ? null : value;
    }

    private JsonNode require(String key) throws ModelFormatException {
        var value = find(key);
        if (value == null) {
            throw new ModelFormatException(source, prefix + key + " is missing");
        }
        return value;
    }

    private int integer(String key, JsonNode value, int min, int max) throws ModelFormatException {
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < min
                || value.intValue() > max) {
            throw unexpected(key, "an integer from " + min + " to " + max, value);
        }
        return value.intValue();
    }

    private double number(String key, JsonNode value, double min, double max)
            throws ModelFormatException {
        if (!value.isNumber() || !(value.doubleValue() >= min && value.doubleValue() <= max)) {
            throw unexpected(key, "a number from " + min + " to " + max, value);
        }
        return value.doubleValue();
    }

    private String string(String key, JsonNode value) throws ModelFormatException {
        if (!value.isString()) {
            throw unexpected(key, "a string", value);
        }
        return value.stringValue();
    }

    private ModelFormatException unexpected(String key, String expected, JsonNode found) {
        return new ModelFormatException(
                source, prefix + key + ": expected " + expected + ", found " + shown(found));
    }

    private static String shown(JsonNode node) {
        if (node.isObject()) {
            return "an object";
        }
        if (node.isArray()) {
            return "an array";
        }
        if (node.isMissingNode()) {
            return "nothing";
        }
        var text = node.toString();
        return text.length() <= NUMBER_LENGTH_MAX ? text : text.substring(0, 60) + "...";
    }

    /** A factory of strict parsers that give up at the limits above. */
    static JsonFactory factory(long tokensMax) {
        return new JsonFactoryBuilder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(
                        StreamReadConstraints.builder()
                                .maxNestingDepth(DEPTH_MAX)
                                .maxNumberLength(NUMBER_LENGTH_MAX)
                                .maxNameLength(NAME_LENGTH_MAX)
                                .maxStringLength(STRING_LENGTH_MAX)
                                .maxTokenCount(tokensMax)
                                .build())
                .build();
    }

    /** Decodes strictly, so that no other encoding is guessed and nothing is replaced. */
    static String utf8(String source, byte[] content) throws ModelFormatException {
        try {
            var text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
            if (text.startsWith("\uFEFF")) {
                throw new ModelFormatException(source, "starts with a byte order mark");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(source, "not UTF-8");
        }
    }

    static ModelFormatException malformed(String source, JacksonException e) {
        var at = e.getLocation();
        var where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
        var reason = PARSER_ADVICE.matcher(e.getOriginalMessage()).replaceAll("");
        return new ModelFormatException(source, "bad JSON" + where + ": " + reason);
    }
}
