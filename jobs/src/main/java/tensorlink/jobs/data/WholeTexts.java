package tensorlink.jobs.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.tokenizer.Tokenizer;

/** Texts and their classes, for a model that sees whole texts. */
final class WholeTexts implements Examples<Batch> {
    private final int[][] texts;
    private final int[] classes;
    private final int length;

    WholeTexts(
            ClassifiedTexts from,
            Tokenizer tokenizer,
            int length,
            Task.Classification classification) {
        this.length = length;
        var numbers = new int[from.classes().size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = classification.labels().indexOf(from.classes().get(i));
            if (numbers[i] < 0) {
                throw new IllegalArgumentException(
                        "class \""
                                + from.classes().get(i)
                                + "\", the model knows "
                                + classification.labels());
            }
        }
        this.texts = new int[from.texts().size()][];
        this.classes = new int[texts.length];
        for (int i = 0; i < texts.length; i++) {
            var text = from.texts().get(i);
            texts[i] =
                    tokenizer.encodeWhole(text.text(), length).stream()
                            .mapToInt(Integer::intValue)
                            .toArray();
            classes[i] = numbers[text.label()];
        }
    }

    @Override
    public int size() {
        return texts.length;
    }

    @Override
    public Batch batch(int... picked) {
        int longest = 1;
        for (int index : picked) {
            longest = Math.max(longest, texts[index].length);
        }
        var inputs = new long[picked.length][longest];
        var labels = new long[picked.length][1];
        for (int row = 0; row < picked.length; row++) {
            var text = texts[picked[row]];
            Arrays.fill(inputs[row], Tokens.PADDING);
            for (int t = 0; t < text.length; t++) {
                inputs[row][t] = text[t];
            }
            labels[row][0] = classes[picked[row]];
        }
        return new Batch(Tokens.of(inputs), Tokens.of(labels), Task.Kind.CLASSIFICATION);
    }

    @Override
    public int tokensOfEach() {
        return length;
    }

    @Override
    public Digest digest() {
        var hash = Digest.sha256();
        for (int i = 0; i < texts.length; i++) {
            var row = "class " + classes[i] + " " + Arrays.toString(texts[i]);
            hash.update(row.getBytes(StandardCharsets.US_ASCII));
        }
        return Digest.ofHash(hash.digest());
    }
}
