package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;

/** A file of classified texts. */
class ClassifiedTextsInputTest extends AnyInput {
    private static final String GOOD =
            """
            {"text":"hello","label":"a"}

            {"more":[1,{}],"label":7,"text":"bye"}
            """;

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return Seeds.of("jsonl", GOOD.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            return ClassifiedTexts.parse(
                            "x", joined(pieces).toByteArray(), ClassifiedTexts.Fields.usual())
                    .toString();
        } catch (DataFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
