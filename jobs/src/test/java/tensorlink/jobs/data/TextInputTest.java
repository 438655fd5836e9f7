package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import tensorlink.p2p.AnyInput;

/** A file of text. */
class TextInputTest extends AnyInput {
    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return Seeds.of("text", "aé\n€𝄞".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        try {
            return TextWindows.parse("x", joined(pieces).toByteArray());
        } catch (DataFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
