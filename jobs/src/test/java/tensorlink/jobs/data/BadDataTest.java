package tensorlink.jobs.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.tokenizer.Tokenizer;

/** Every malformed file of the corpus gives the error written beside it, and nothing else. */
class BadDataTest {
    private static final Path CORPUS = Path.of("src/test/resources/bad");

    @TestFactory
    List<DynamicTest> malformed_texts() throws Exception {
        return corpus("text", file -> TextWindows.read(List.of(file), Tokenizer.bytes(), 4));
    }

    @TestFactory
    List<DynamicTest> malformed_classified_texts() throws Exception {
        return corpus("jsonl", file -> ClassifiedTexts.read(file, ClassifiedTexts.Fields.usual()));
    }

    @TestFactory
    List<DynamicTest> malformed_images() throws Exception {
        return corpus("idx", file -> LabelledImages.read(file, file));
    }

    @Test
    void what_is_no_regular_file_is_refused_without_reading(@TempDir Path folder) throws Exception {
        var pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();

        for (var file : List.of(pipe, folder)) {
            assertThatThrownBy(() -> DataFile.bytes(file, 10))
                    .isInstanceOf(DataFormatException.class)
                    .hasMessage(file + ": not a regular file");
        }
        assertThatThrownBy(() -> DataFile.bytes(folder.resolve("none"), 10))
                .isInstanceOf(DataFormatException.class)
                .hasMessage(folder.resolve("none") + ": there is no such file");
    }

    @Test
    void a_file_of_the_limit_is_read_and_one_byte_more_is_not(@TempDir Path folder)
            throws Exception {
        var file = Files.write(folder.resolve("file"), new byte[10]);

        assertThat(DataFile.bytes(file, 10)).hasSize(10);
        assertThatThrownBy(() -> DataFile.bytes(file, 9))
                .isInstanceOf(DataFormatException.class)
                .hasMessage(file + ": 10 bytes, limit 9");
    }

    @Test
    void a_line_of_the_limit_is_read_and_one_byte_more_is_not() throws Exception {
        var other = "{\"text\":\"b\",\"label\":\"b\"}\n";
        var line = "{\"text\":\"a\",\"label\":\"a\"}";
        var padding = " ".repeat(ClassifiedTexts.LINE_BYTES_MAX - line.length());

        assertThat(parse(other + line + padding + "\n").texts()).hasSize(2);
        assertThatThrownBy(() -> parse(other + line + padding + " \n"))
                .isInstanceOf(DataFormatException.class)
                .hasMessage("x:2: 1048577 bytes, limit 1048576");
    }

    private static ClassifiedTexts parse(String content) throws DataFormatException {
        return ClassifiedTexts.parse(
                "x", content.getBytes(StandardCharsets.UTF_8), ClassifiedTexts.Fields.usual());
    }

    private interface Use {
        Object of(Path file) throws IOException;
    }

    private static List<DynamicTest> corpus(String kind, Use use) throws IOException {
        var folder = CORPUS.resolve(kind);
        var tests = new ArrayList<DynamicTest>();
        var named = new ArrayList<String>();
        for (var line : Files.readAllLines(folder.resolve("expected.txt"))) {
            int colon = line.indexOf(": ");
            var file = folder.resolve(line.substring(0, colon));
            named.add(line.substring(0, colon));
            tests.add(
                    DynamicTest.dynamicTest(
                            line.substring(0, colon),
                            () ->
                                    assertThatThrownBy(() -> use.of(file))
                                            .isInstanceOf(DataFormatException.class)
                                            .hasMessage(
                                                    line.substring(colon + 2)
                                                            .replace("{}", file.toString()))));
        }
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("files with an expected error")
                    .filteredOn(name -> !name.equals("expected.txt"))
                    .containsExactlyInAnyOrderElementsOf(named);
        }
        return tests;
    }
}
