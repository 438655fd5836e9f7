package tensorlink.compute.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import tensorlink.compute.format.ModelFormatException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A {@code tokenizer.json} run by the Hugging Face library. That library truncates to 512 tokens
 * and asks the network about its host unless told otherwise; both are switched off here.
 */
final class HuggingFace implements Tokenizer {
    static {
        if (System.getenv("DJL_OFFLINE") == null && System.getProperty("ai.djl.offline") == null) {
            System.setProperty("ai.djl.offline", "true");
        }
    }

    private final HuggingFaceTokenizer tokenizer;
    private final int vocabularySize;
    private final byte[] json;

    private HuggingFace(HuggingFaceTokenizer tokenizer, int vocabularySize, byte[] json) {
        this.tokenizer = tokenizer;
        this.vocabularySize = vocabularySize;
        this.json = json;
    }

    static Tokenizer parse(String source, byte[] json) throws ModelFormatException {
        if (json.length > JSON_BYTES_MAX) {
            throw new ModelFormatException(source, json.length + " bytes, limit " + JSON_BYTES_MAX);
        }
        int size = vocabularySize(source, json);
        try {
            var tokenizer =
                    HuggingFaceTokenizer.newInstance(
                            new ByteArrayInputStream(json),
                            Map.of(
                                    "truncation", "false",
                                    "padding", "false",
                                    "addSpecialTokens", "false"));
            return new HuggingFace(tokenizer, size, json.clone());
        } catch (IOException | RuntimeException e) {
            throw new ModelFormatException(source, "not a tokenizer: " + e.getMessage());
        }
    }

    /**
     * One more than the largest id in the vocabulary, an object or a list, and the added tokens.
     */
    private static int vocabularySize(String source, byte[] json) throws ModelFormatException {
        JsonNode root;
        try {
            root = new JsonMapper().readTree(json);
        } catch (JacksonException e) {
            throw new ModelFormatException(source, "bad JSON: " + e.getOriginalMessage());
        }
        var vocabulary = root.path("model").path("vocab");
        int size = vocabulary.isArray() ? vocabulary.size() : 0;
        if (vocabulary.isObject()) {
            for (var id : vocabulary) {
                size = Math.max(size, next(source, id));
            }
        }
        for (var added : root.path("added_tokens")) {
            size = Math.max(size, next(source, added.path("id")));
        }
        if (size == 0) {
            throw new ModelFormatException(source, "no model.vocab");
        }
        return size;
    }

    private static int next(String source, JsonNode id) throws ModelFormatException {
        if (!id.canConvertToInt() || id.intValue() < 0 || id.intValue() == Integer.MAX_VALUE) {
            throw new ModelFormatException(source, "a token has the id " + id);
        }
        return id.intValue() + 1;
    }

    @Override
    public List<Integer> encode(String text) {
        return encode(text, false);
    }

    @Override
    public List<Integer> encodeWhole(String text, int most) {
        var plain = encode(text, false);
        var whole = encode(text, true);
        int excess = whole.size() - most;
        if (excess <= 0) {
            return whole;
        }
        int first = Math.max(0, Collections.indexOfSubList(whole, plain));
        int end = Math.max(first, first + plain.size() - excess);
        var kept = new ArrayList<>(whole.subList(0, end));
        kept.addAll(whole.subList(first + plain.size(), whole.size()));
        return kept.subList(0, Math.min(most, kept.size()));
    }

    private List<Integer> encode(String text, boolean withSpecialTokens) {
        // Half of a surrogate pair cannot cross into the library; bytes replace it by "?".
        var valid = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        var ids = tokenizer.encode(valid, withSpecialTokens, false).getIds();
        var tokens = new ArrayList<Integer>(ids.length);
        for (long id : ids) {
            tokens.add((int) id);
        }
        return tokens;
    }

    @Override
    public String decode(List<Integer> tokens) {
        var ids = new long[tokens.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = tokens.get(i);
        }
        return tokenizer.decode(ids, true);
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public byte[] json() {
        return json.clone();
    }
}
