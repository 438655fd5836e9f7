package tensorlink.jobs.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a fuzzer starts from: the malformed files of a kind, and good ones. */
final class Seeds {
    private static final int BYTES_MAX = 4096;

    private Seeds() {}

    static Stream<byte[]> of(String kind, byte[]... good) throws IOException {
        var inputs = new ArrayList<byte[]>();
        inputs.addAll(List.of(good));
        try (var files = Files.list(Path.of("src/test/resources/bad", kind))) {
            for (var file : files.sorted().toList()) {
                if (!file.endsWith("expected.txt")) {
                    inputs.add(Files.readAllBytes(file));
                }
            }
        }
        return inputs.stream().filter(input -> input.length <= BYTES_MAX);
    }
}
