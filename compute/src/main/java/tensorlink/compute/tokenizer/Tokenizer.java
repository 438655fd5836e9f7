package tensorlink.compute.tokenizer;

import java.util.List;
import tensorlink.compute.format.ModelFormatException;

/** Turns text into token ids and back. Safe for use by any thread. */
public interface Tokenizer {
    /** The most bytes of a {@code tokenizer.json}. */
    int JSON_BYTES_MAX = 64 << 20;

    /** One token per byte of UTF-8; its id is the byte's value. */
    static Tokenizer bytes() {
        return new ByteTokenizer();
    }

    /**
     * Reads a Hugging Face {@code tokenizer.json}.
     *
     * @param source names the file in errors
     * @throws ModelFormatException when it is too large or not a tokenizer
     */
    static Tokenizer parse(String source, byte[] json) throws ModelFormatException {
        return HuggingFace.parse(source, json);
    }

    /** Token ids of {@code text}, never truncated, without special tokens added. */
    List<Integer> encode(String text);

    /**
     * Token ids of {@code text} between the special tokens that a model expects around a text, such
     * as {@code [CLS]} and {@code [SEP]}.
     *
     * @param most ids in all, at least 1; of a longer text the end is left out, not of what is
     *     around it
     */
    List<Integer> encodeWhole(String text, int most);

    /**
     * The text of {@code tokens}; bytes that are not UTF-8 become U+FFFD, and special tokens and
     * ids that stand for nothing are left out.
     */
    String decode(List<Integer> tokens);

    /** One more than the largest id {@link #encode} can give. */
    int vocabularySize();

    /** A {@code tokenizer.json} that gives the same ids here and in any Hugging Face library. */
    byte[] json();
}
