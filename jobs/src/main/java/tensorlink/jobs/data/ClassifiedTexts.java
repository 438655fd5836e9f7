package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.JsonObject;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tokenizer.Tokenizer;

/**
 * Texts, each of one class, from a file with one JSON object a line: the text in one of its fields,
 * the class, a string or an integer, in another. Fields of other names do not matter, and lines of
 * white space are passed over.
 *
 * @param classes the names of the classes, sorted; a text's class is its place in this list
 */
public record ClassifiedTexts(List<String> classes, List<Text> texts) {
    static final int BYTES_MAX = 256 << 20;
    static final int LINE_BYTES_MAX = 1 << 20;
    static final int LINES_MAX = 10_000_000;
    static final int CLASSES_MAX = 26;
    static final int CLASS_NAME_MAX = 128;

    public ClassifiedTexts {
        classes = List.copyOf(classes);
        texts = List.copyOf(texts);
        for (var text : texts) {
            if (text.label() < 0 || text.label() >= classes.size()) {
                throw new IllegalArgumentException(
                        "class " + text.label() + " of " + classes.size());
            }
        }
    }

    /**
     * A text.
     *
     * @param label the number of its class
     */
    public record Text(String text, int label) {}

    /** Where a line has what. */
    public record Fields(String text, String label) {
        /** {@code text} and {@code label}. */
        public static Fields usual() {
            return new Fields("text", "label");
        }
    }

    /**
     * Reads a file.
     *
     * @throws DataFormatException naming the line and the field that cannot be used
     */
    public static ClassifiedTexts read(Path file, Fields fields) throws IOException {
        return parse(file.toString(), DataFile.bytes(file, BYTES_MAX), fields);
    }

    static ClassifiedTexts parse(String source, byte[] content, Fields fields)
            throws DataFormatException {
        var texts = new ArrayList<String>();
        var labels = new ArrayList<String>();
        var classes = new TreeSet<String>();
        int number = 0;
        for (int at = 0; at < content.length; ) {
            int end = at;
            while (end < content.length && content[end] != '\n') {
                end++;
            }
            var place = source + ":" + ++number;
            if (number > LINES_MAX) {
                throw new DataFormatException(place, "more than " + LINES_MAX + " lines");
            }
            DataFile.requireSize(place, end - at, LINE_BYTES_MAX);
            if (!isBlank(content, at, end)) {
                var line = line(place, Arrays.copyOfRange(content, at, end), fields);
                texts.add(line.text());
                labels.add(line.label());
                if (classes.add(line.label()) && classes.size() > CLASSES_MAX) {
                    throw new DataFormatException(
                            place, fields.label() + ": more than " + CLASSES_MAX + " classes");
                }
            }
            at = end + 1;
        }
        if (classes.size() < 2) {
            throw new DataFormatException(
                    source,
                    texts.isEmpty()
                            ? "no line"
                            : "every line has the class \"" + classes.first() + "\"");
        }
        var names = List.copyOf(classes);
        var classified = new ArrayList<Text>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            classified.add(new Text(texts.get(i), names.indexOf(labels.get(i))));
        }
        return new ClassifiedTexts(names, classified);
    }

    private static boolean isBlank(byte[] content, int from, int end) {
        for (int i = from; i < end; i++) {
            if (content[i] != ' ' && content[i] != '\t' && content[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private record Line(String text, String label) {}

    private static Line line(String place, byte[] content, Fields fields)
            throws DataFormatException {
        try {
            var object = JsonObject.parse(place, content, LINE_BYTES_MAX);
            var text = object.string(fields.text());
            var label = object.stringOrInteger(fields.label());
            if (text.isBlank()) {
                throw new DataFormatException(place, fields.text() + " is blank");
            }
            if (label.isBlank() || label.length() > CLASS_NAME_MAX) {
                throw new DataFormatException(
                        place,
                        fields.label()
                                + ": expected 1 to "
                                + CLASS_NAME_MAX
                                + " characters, found "
                                + label.length());
            }
            return new Line(text, label);
        } catch (ModelFormatException bad) {
            var reason = String.valueOf(bad.getMessage()).substring(place.length() + 2);
            throw new DataFormatException(place, reason.replace("at line 1, column", "at column"));
        }
    }

    /**
     * Examples for a model that continues texts: after the text and the end of a line comes a
     * letter, A for the first class, and only that letter is to be predicted. Texts that leave no
     * room for it are cut at their end; {@link #cut} says how many.
     *
     * @param length tokens of an example; shorter ones are filled up with token 0, which nothing
     *     looks at
     * @throws IllegalArgumentException when the tokenizer has no single token for a letter
     */
    public Examples<Batch> toContinue(Tokenizer tokenizer, int length) {
        if (length < 3) {
            throw new IllegalArgumentException("examples of " + length + " tokens, at least 3");
        }
        return new Continued(this, tokenizer, length);
    }

    /**
     * Examples for a model that says a text's class, which must know all of them by name.
     *
     * @param length the most tokens of an example, with the special ones around it; a batch is as
     *     long as its longest example
     * @throws IllegalArgumentException when the model knows no class of a name here
     */
    public Examples<Batch> toClassify(
            Tokenizer tokenizer, int length, Task.Classification classification) {
        if (length < 3) {
            throw new IllegalArgumentException("examples of " + length + " tokens, at least 3");
        }
        return new WholeTexts(this, tokenizer, length, classification);
    }

    /** How many texts {@link #toClassify} would have to cut. */
    public int cutWhole(Tokenizer tokenizer, int length) {
        int cut = 0;
        for (var text : texts) {
            cut += tokenizer.encodeWhole(text.text(), length + 1).size() > length ? 1 : 0;
        }
        return cut;
    }

    /** How many texts {@link #toContinue} would have to cut. */
    public int cut(Tokenizer tokenizer, int length) {
        int cut = 0;
        for (var text : texts) {
            cut += tokenizer.encode(text.text() + "\n").size() > length - 1 ? 1 : 0;
        }
        return cut;
    }

    private static final class Continued implements Examples<Batch> {
        private final int[][] texts;
        private final long[] letters;
        private final int[] classes;
        private final int length;

        Continued(ClassifiedTexts from, Tokenizer tokenizer, int length) {
            this.length = length;
            this.texts = new int[from.texts.size()][];
            this.classes = from.texts.stream().mapToInt(Text::label).toArray();
            this.letters = new long[from.classes.size()];
            for (int label = 0; label < letters.length; label++) {
                letters[label] = letter(tokenizer, label);
            }
            for (int i = 0; i < texts.length; i++) {
                texts[i] = shortened(tokenizer.encode(from.texts.get(i).text() + "\n"));
            }
        }

        /** Leaves room for the letter, and keeps the end of the line. */
        private int[] shortened(List<Integer> tokens) {
            int end = Math.min(tokens.size(), length - 1);
            var kept = new int[end];
            Arrays.setAll(kept, tokens::get);
            kept[end - 1] = tokens.getLast();
            return kept;
        }

        private static long letter(Tokenizer tokenizer, int label) {
            var letter = Character.toString('A' + label);
            var tokens = tokenizer.encode(letter);
            if (tokens.size() != 1) {
                throw new IllegalArgumentException(
                        "the tokenizer takes the letter "
                                + letter
                                + " for "
                                + tokens.size()
                                + " tokens");
            }
            return tokens.getFirst();
        }

        @Override
        public int size() {
            return texts.length;
        }

        @Override
        public Batch batch(int... picked) {
            var inputs = new long[picked.length][length];
            var labels = new long[picked.length][length];
            for (int row = 0; row < picked.length; row++) {
                var text = texts[picked[row]];
                for (int t = 0; t < text.length; t++) {
                    inputs[row][t] = text[t];
                }
                inputs[row][text.length] = letters[classes[picked[row]]];
                Arrays.fill(labels[row], Batch.IGNORED);
                labels[row][text.length] = inputs[row][text.length];
            }
            return new Batch(Tokens.of(inputs), Tokens.of(labels));
        }

        @Override
        public int tokensOfEach() {
            return length;
        }

        @Override
        public Digest digest() {
            var hash = Digest.sha256();
            for (int i = 0; i < texts.length; i++) {
                var row = classes[i] + " of " + length + " " + Arrays.toString(texts[i]);
                hash.update(row.getBytes(StandardCharsets.US_ASCII));
            }
            return Digest.ofHash(hash.digest());
        }
    }
}
