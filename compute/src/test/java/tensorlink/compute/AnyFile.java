package tensorlink.compute;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A reader and a million contents that Jazzer invents: each is read or refused, and a second time
 * as the first time.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AnyFile {
    private static final int SEED_BYTES_MAX = 8192;

    /**
     * Reads a content.
     *
     * @return in one line what was understood or why not
     * @throws Exception never but when the test itself fails; what the reader throws because of its
     *     input is an outcome if it is of the kind that it promises
     */
    protected abstract String outcome(byte[] content) throws Exception;

    /** What Jazzer starts from; long inputs would make it slow. */
    protected abstract Stream<byte[]> inputs() throws IOException;

    @MethodSource("inputs")
    @ParameterizedTest
    void a_known_content_has_an_outcome_and_the_same_one_twice(byte[] content) throws Exception {
        assertThat(outcome(content)).isEqualTo(outcome(content));
    }

    @Tag("fuzz")
    @MethodSource("inputs")
    @FuzzTest(maxExecutions = 1_000_000, maxDuration = "2h")
    void anything_has_an_outcome_and_the_same_one_twice(byte[] content) throws Exception {
        assertThat(outcome(content)).isEqualTo(outcome(content));
    }

    /** The files with this ending below a folder of the test resources, the short ones. */
    protected static Stream<byte[]> files(String folder, String ending) throws IOException {
        var contents = new ArrayList<byte[]>();
        try (var files = Files.walk(resource(folder))) {
            for (var file : files.filter(it -> it.toString().endsWith(ending)).sorted().toList()) {
                if (Files.size(file) <= SEED_BYTES_MAX) {
                    contents.add(Files.readAllBytes(file));
                }
            }
        }
        assertThat(contents).as(folder + " *" + ending).isNotEmpty();
        return List.copyOf(contents).stream();
    }

    private static Path resource(String folder) {
        try {
            return Path.of(Objects.requireNonNull(AnyFile.class.getResource(folder)).toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
