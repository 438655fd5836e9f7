package tensorlink.compute;

import java.io.IOException;
import java.util.stream.Stream;
import tensorlink.compute.format.ModelFormatException;

/** A model's configuration. */
class ConfigInputTest extends AnyFile {
    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return Stream.concat(files("/parity", "config.json"), files("/bad/config", ".json"));
    }

    @Override
    protected String outcome(byte[] content) {
        try {
            return ModelConfig.parse("x", content).toString();
        } catch (ModelFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
