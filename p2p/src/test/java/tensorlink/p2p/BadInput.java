package tensorlink.p2p;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * A decoder and what strangers feed it. Each file of {@code bad/<folder>} has the outcome that
 * {@code expected.txt} beside it says, however the network cuts the bytes; Jazzer starts from these
 * files.
 */
public abstract class BadInput extends AnyInput {
    private static final String EXPECTED = "expected.txt";

    /** Every input arrives byte by byte; one up to this length also cut in two at each place. */
    private static final int CUT_IN_TWO_BYTES_MAX = 512;

    private static final int SEED_BYTES_MAX = 4096;

    private final String folder;

    protected BadInput(String folder) {
        this.folder = folder;
    }

    @TestFactory
    List<DynamicTest> each_file_has_its_outcome_however_it_is_cut() throws IOException {
        var expected = expected(folder);
        assertThat(files(folder).keySet())
                .as("files with a written outcome")
                .containsExactlyInAnyOrderElementsOf(expected.keySet());
        var tests = new ArrayList<DynamicTest>();
        for (var file : files(folder).entrySet()) {
            var name = file.getKey();
            tests.add(
                    DynamicTest.dynamicTest(
                            name,
                            () -> assertOutcome(file.getValue(), expected.getOrDefault(name, ""))));
        }
        return tests;
    }

    private void assertOutcome(byte[] input, String expected) throws IOException {
        assertThat(outcome(List.of(input))).isEqualTo(expected);
        assertThat(outcome(cut(input, 1))).as("byte by byte").isEqualTo(expected);
        for (int at = 1; at < input.length && input.length <= CUT_IN_TWO_BYTES_MAX; at++) {
            var halves =
                    List.of(Arrays.copyOf(input, at), Arrays.copyOfRange(input, at, input.length));
            assertThat(outcome(halves)).as("cut at %d", at).isEqualTo(expected);
        }
    }

    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return files(folder).values().stream().filter(input -> input.length <= SEED_BYTES_MAX);
    }

    /** The content of one file. */
    static byte[] file(String folder, String name) throws IOException {
        return Files.readAllBytes(path(folder).resolve(name));
    }

    /** The inputs in a folder that nobody should send. */
    static List<byte[]> refusedInputs(String folder) throws IOException {
        var refused = new ArrayList<byte[]>();
        for (var file : files(folder).entrySet()) {
            var name = file.getKey();
            if (!name.startsWith("good-") && !name.startsWith("tolerated-")) {
                refused.add(file.getValue());
            }
        }
        return refused;
    }

    private static Map<String, String> expected(String folder) throws IOException {
        var outcomes = new LinkedHashMap<String, String>();
        for (var line : Files.readAllLines(path(folder).resolve(EXPECTED))) {
            int colon = line.indexOf(": ");
            outcomes.put(line.substring(0, colon), line.substring(colon + 2));
        }
        return outcomes;
    }

    private static Map<String, byte[]> files(String folder) throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        try (var paths = Files.list(path(folder))) {
            for (var path : paths.sorted().toList()) {
                var name = path.getFileName().toString();
                if (!name.equals(EXPECTED)) {
                    files.put(name, Files.readAllBytes(path));
                }
            }
        }
        return files;
    }

    private static Path path(String folder) {
        try {
            var url = BadInput.class.getResource("/bad/" + folder);
            return Path.of(Objects.requireNonNull(url, folder).toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The outcome for what a decoder promises to throw. */
    protected static String refusal(Exception reason) {
        return reason.getClass().getSimpleName() + ": " + reason.getMessage();
    }

    /** States that every buffer has come back. */
    static void assertNothingHeld(UnpooledByteBufAllocator allocator) {
        var metric = allocator.metric();
        if (metric.usedHeapMemory() != 0 || metric.usedDirectMemory() != 0) {
            throw new AssertionError("buffers were lost: " + metric);
        }
    }
}
