package tensorlink.compute.format;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.AnyFile;

/** The index of several safetensors files, beside one of them. */
class IndexInputTest extends AnyFile {
    private static final String HEADER =
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";

    @TempDir private static Path folder;

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        var good = "{\"weight_map\":{\"a\":\"one.safetensors\"}}";
        return Stream.concat(
                Stream.of(good.getBytes(StandardCharsets.UTF_8)),
                files("/bad/index", "index.json"));
    }

    @Override
    protected String outcome(byte[] content) throws IOException {
        var shard = folder.resolve("one.safetensors");
        if (!Files.exists(shard)) {
            var length = new String(new char[] {(char) HEADER.length(), 0, 0, 0, 0, 0, 0, 0});
            Files.writeString(shard, length + HEADER, StandardCharsets.ISO_8859_1);
        }
        Files.write(folder.resolve(Safetensors.INDEX), content);
        try {
            return Safetensors.openFolder(folder).tensors().toString();
        } catch (ModelFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
    }
}
