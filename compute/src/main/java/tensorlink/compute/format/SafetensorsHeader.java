package tensorlink.compute.format;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The JSON at the start of a safetensors file: where each tensor's bytes lie.
 *
 * <p>Read token by token, so that a header cannot make more objects than it has tensors. Together
 * the tensors must cover the data exactly: no overlap, no hole, nothing before or after.
 *
 * @param entries by name, in the order of the data
 */
record SafetensorsHeader(Map<String, Entry> entries) {
    static final int TENSORS_MAX = 100_000;

    private static final int TOKENS_PER_TENSOR = 24;
    private static final JsonFactory FACTORY =
            JsonObject.factory((long) TENSORS_MAX * TOKENS_PER_TENSOR);

    /** A tensor's bytes, {@code begin} inclusive to {@code end} exclusive, within the data. */
    record Entry(TensorSpec spec, long begin, long end) {}

    static SafetensorsHeader parse(String source, byte[] json, long dataBytes)
            throws ModelFormatException {
        if (json.length == 0 || json[0] != '{') {
            throw new ModelFormatException(source, "the header does not start with {");
        }
        var text = JsonObject.utf8(source, json);
        try (var parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            var entries = new Reader(source, parser).read();
            entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
            requireCover(source, entries, dataBytes);
            var byName = new LinkedHashMap<String, Entry>();
            for (var entry : entries) {
                byName.put(entry.spec().name(), entry);
            }
            return new SafetensorsHeader(byName);
        } catch (JacksonException e) {
            throw JsonObject.malformed(source, e);
        }
    }

    private static void requireCover(String source, List<Entry> entries, long dataBytes)
            throws ModelFormatException {
        long at = 0;
        for (var entry : entries) {
            if (entry.begin() != at) {
                throw new ModelFormatException(
                        source,
                        entry.spec().name()
                                + (entry.begin() < at ? ": overlaps" : ": leaves a hole after")
                                + " the tensor before it, begins at "
                                + entry.begin()
                                + " instead of "
                                + at);
            }
            at = entry.end();
        }
        if (at > dataBytes) {
            throw new ModelFormatException(
                    source, "truncated: " + dataBytes + " bytes of data, tensors need " + at);
        }
        if (at < dataBytes) {
            throw new ModelFormatException(
                    source, (dataBytes - at) + " bytes after the last tensor");
        }
    }

    /** One pass over the tokens of a header. */
    private record Reader(String source, JsonParser parser) {

        List<Entry> read() throws ModelFormatException {
            var entries = new ArrayList<Entry>();
            require(parser.nextToken(), JsonToken.START_OBJECT, "the header");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                var name = parser.currentName();
                if (name.equals("__metadata__")) {
                    readMetadata();
                    continue;
                }
                if (entries.size() == TENSORS_MAX) {
                    throw new ModelFormatException(source, "more than " + TENSORS_MAX + " tensors");
                }
                requireName(name);
                entries.add(readEntry(name));
            }
            if (parser.nextToken() != null) {
                throw new ModelFormatException(source, "the header goes on after its object");
            }
            return entries;
        }

        private void requireName(String name) throws ModelFormatException {
            boolean plain = !name.isEmpty();
            for (int i = 0; i < name.length(); i++) {
                char c = name.charAt(i);
                plain &= c > ' ' && c < 0x7f && c != '/' && c != '\\';
            }
            if (!plain) {
                throw new ModelFormatException(
                        source,
                        "tensor name \""
                                + name.replaceAll("[^ -~]", "?")
                                + "\": expected printable ASCII without spaces or slashes");
            }
        }

        private void readMetadata() throws ModelFormatException {
            require(parser.nextToken(), JsonToken.START_OBJECT, "__metadata__");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                var key = parser.currentName();
                require(parser.nextToken(), JsonToken.VALUE_STRING, "__metadata__." + key);
            }
        }

        private Entry readEntry(String name) throws ModelFormatException {
            Optional<DType> dtype = Optional.empty();
            Optional<List<Long>> shape = Optional.empty();
            Optional<List<Long>> offsets = Optional.empty();
            require(parser.nextToken(), JsonToken.START_OBJECT, name);
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                var key = parser.currentName();
                switch (key) {
                    case "dtype" -> dtype = Optional.of(readDType(name));
                    case "shape" ->
                            shape = Optional.of(readNumbers(name + ".shape", Shape.RANK_MAX));
                    case "data_offsets" ->
                            offsets = Optional.of(readNumbers(name + ".data_offsets", 2));
                    default ->
                            throw new ModelFormatException(source, name + ": unknown key " + key);
                }
            }
            return entry(
                    name,
                    dtype.orElseThrow(() -> missing(name, "dtype")),
                    shape.orElseThrow(() -> missing(name, "shape")),
                    offsets.orElseThrow(() -> missing(name, "data_offsets")));
        }

        private Entry entry(String name, DType dtype, List<Long> axes, List<Long> offsets)
                throws ModelFormatException {
            if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
                throw new ModelFormatException(
                        source, name + ".data_offsets: expected [begin, end], found " + offsets);
            }
            long begin = offsets.get(0);
            long end = offsets.get(1);
            TensorSpec spec;
            long bytes;
            try {
                spec = new TensorSpec(name, dtype, new Shape(axes));
                bytes = spec.byteSize();
            } catch (IllegalArgumentException wrong) {
                throw new ModelFormatException(source, name + ".shape: " + wrong.getMessage());
            } catch (ArithmeticException overflow) { // compiled code leaves its message out
                throw new ModelFormatException(
                        source, name + ".shape: " + dtype + " " + axes + " has too many bytes");
            }
            if (end - begin != bytes) {
                throw new ModelFormatException(
                        source,
                        name
                                + ": "
                                + dtype
                                + " "
                                + axes
                                + " needs "
                                + bytes
                                + " bytes, data_offsets"
                                + " span "
                                + (end - begin));
            }
            if (begin % dtype.bytes() != 0) {
                throw new ModelFormatException(
                        source, name + ": " + dtype + " at the unaligned offset " + begin);
            }
            return new Entry(spec, begin, end);
        }

        private DType readDType(String name) throws ModelFormatException {
            require(parser.nextToken(), JsonToken.VALUE_STRING, name + ".dtype");
            var text = parser.getString();
            for (var dtype : DType.values()) {
                if (dtype.name().equals(text)) {
                    return dtype;
                }
            }
            throw new ModelFormatException(source, name + ".dtype: unknown type " + text);
        }

        private List<Long> readNumbers(String what, int max) throws ModelFormatException {
            require(parser.nextToken(), JsonToken.START_ARRAY, what);
            var numbers = new ArrayList<Long>();
            while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
                if (numbers.size() == max) {
                    throw new ModelFormatException(
                            source, what + ": more than " + max + " numbers");
                }
                long number = number(what);
                numbers.add(number);
            }
            require(parser.currentToken(), JsonToken.END_ARRAY, what);
            return numbers;
        }

        private long number(String what) throws ModelFormatException {
            var text = parser.getString();
            try {
                long number = Long.parseLong(text);
                if (number >= 0) {
                    return number;
                }
            } catch (NumberFormatException tooLarge) {
                // refused below
            }
            throw new ModelFormatException(
                    source, what + ": expected integers from 0 to 2^63 - 1, found " + text);
        }

        private void require(JsonToken found, JsonToken expected, String what)
                throws ModelFormatException {
            if (found != expected) {
                throw new ModelFormatException(
                        source, what + ": expected " + named(expected) + ", found " + named(found));
            }
        }

        private ModelFormatException missing(String name, String key) {
            return new ModelFormatException(source, name + ": no " + key);
        }

        private static String named(JsonToken token) {
            return switch (token) {
                case START_OBJECT -> "an object";
                case START_ARRAY, END_ARRAY -> "an array of integers";
                case VALUE_STRING -> "a string";
                case VALUE_NUMBER_INT -> "an integer";
                case VALUE_NUMBER_FLOAT -> "a fraction";
                case VALUE_TRUE, VALUE_FALSE -> "true or false";
                case VALUE_NULL -> "null";
                default -> "something else";
            };
        }
    }
}
