package tensorlink.compute.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Ids 0 to 255 are bytes. */
final class ByteTokenizer implements Tokenizer {
    private static final int BYTES = 256;

    @Override
    public List<Integer> encode(String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        var tokens = new ArrayList<Integer>(bytes.length);
        for (byte b : bytes) {
            tokens.add(Byte.toUnsignedInt(b));
        }
        return tokens;
    }

    /** There is nothing around a text. */
    @Override
    public List<Integer> encodeWhole(String text, int most) {
        var tokens = encode(text);
        return List.copyOf(tokens.subList(0, Math.min(most, tokens.size())));
    }

    @Override
    public String decode(List<Integer> tokens) {
        var bytes = new ByteArrayOutputStream(tokens.size());
        for (int token : tokens) {
            if (token >= 0 && token < BYTES) {
                bytes.write(token);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public int vocabularySize() {
        return BYTES;
    }

    /** A byte-pair encoding without merges, whose alphabet writes each byte as one character. */
    @Override
    public byte[] json() {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            json.writeStringProperty("version", "1.0");
            for (var part : List.of("pre_tokenizer", "decoder")) {
                json.writeObjectPropertyStart(part);
                json.writeStringProperty("type", "ByteLevel");
                json.writeBooleanProperty("add_prefix_space", false);
                json.writeBooleanProperty("trim_offsets", false);
                json.writeBooleanProperty("use_regex", false);
                json.writeEndObject();
            }
            json.writeArrayPropertyStart("added_tokens");
            json.writeEndArray();
            json.writeObjectPropertyStart("model");
            json.writeStringProperty("type", "BPE");
            json.writeObjectPropertyStart("vocab");
            int other = BYTES;
            for (int b = 0; b < BYTES; b++) {
                json.writeNumberProperty(Character.toString(printable(b) ? b : other++), b);
            }
            json.writeEndObject();
            json.writeArrayPropertyStart("merges");
            json.writeEndArray();
            json.writeEndObject();
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /**
     * Whether GPT-2's byte alphabet writes a byte as the Latin-1 character of its value; the others
     * take the characters from 256 on, in order.
     */
    private static boolean printable(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
    }
}
