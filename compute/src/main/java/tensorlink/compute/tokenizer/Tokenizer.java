package tensorlink.compute.tokenizer;

import java.util.List;

/** Turns text into token ids and back. Safe for use by any thread. */
public interface Tokenizer {

    /** Token ids of {@code text}, never truncated, without special tokens added. */
    List<Integer> encode(String text);

    /** The text of {@code tokens}; bytes that are not UTF-8 become U+FFFD. */
    String decode(List<Integer> tokens);

    /** One more than the largest id {@link #encode} can give. */
    int vocabularySize();
}
