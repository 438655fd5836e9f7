package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import tensorlink.compute.Batch;
import tensorlink.compute.Digest;
import tensorlink.compute.Tokens;
import tensorlink.compute.tokenizer.Tokenizer;

/** A text cut into pieces of equal length, each to be continued from its beginning. */
public final class TextWindows implements Examples<Batch> {
    /** The most bytes of text, over all files. */
    public static final int BYTES_MAX = 256 << 20;

    private final int[] tokens;
    private final int length;

    private TextWindows(int[] tokens, int length) {
        this.tokens = tokens;
        this.length = length;
    }

    /**
     * The text of several UTF-8 files, one after another.
     *
     * @param length tokens of a piece; what is left at the end is not used
     * @throws DataFormatException when a file is not there or not UTF-8, or all are too large
     */
    public static TextWindows read(List<Path> files, Tokenizer tokenizer, int length)
            throws IOException {
        var text = new StringBuilder();
        int left = BYTES_MAX;
        for (var file : files) {
            var bytes = DataFile.bytes(file, left);
            left -= bytes.length;
            text.append(parse(file.toString(), bytes));
        }
        return of(text.toString(), tokenizer, length);
    }

    /** The text of a file with this content. */
    static String parse(String source, byte[] content) throws DataFormatException {
        return DataFile.utf8(source, content);
    }

    /** The pieces of a text. */
    public static TextWindows of(String text, Tokenizer tokenizer, int length) {
        if (length < 2) {
            throw new IllegalArgumentException("pieces of " + length + " tokens, at least 2");
        }
        var tokens = tokenizer.encode(text).stream().mapToInt(Integer::intValue).toArray();
        return new TextWindows(tokens, length);
    }

    @Override
    public int size() {
        return tokens.length / length;
    }

    @Override
    public Batch batch(int... picked) {
        var rows = new long[picked.length][length];
        for (int row = 0; row < picked.length; row++) {
            for (int i = 0; i < length; i++) {
                rows[row][i] = tokens[picked[row] * length + i];
            }
        }
        return Batch.of(Tokens.of(rows));
    }

    @Override
    public int tokensOfEach() {
        return length;
    }

    @Override
    public Digest digest() {
        var hash = Digest.sha256();
        var number = ByteBuffer.allocate(Integer.BYTES);
        hash.update(number.putInt(0, length).rewind());
        for (int token : tokens) {
            hash.update(number.putInt(0, token).rewind());
        }
        return Digest.ofHash(hash.digest());
    }
}
