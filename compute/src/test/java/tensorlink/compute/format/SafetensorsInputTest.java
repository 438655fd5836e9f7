package tensorlink.compute.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.AnyFile;

/** A safetensors file. */
class SafetensorsInputTest extends AnyFile {
    @TempDir private static Path folder;

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return Stream.concat(
                files("/parity", "model.safetensors"), files("/bad/safetensors", ".safetensors"));
    }

    @Override
    protected String outcome(byte[] content) throws IOException {
        var file = Files.write(folder.resolve("x.safetensors"), content);
        try {
            return Safetensors.open(file).tensors().toString();
        } catch (ModelFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
