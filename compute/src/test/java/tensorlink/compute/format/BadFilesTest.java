package tensorlink.compute.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.onnx.OnnxImport;

/** Every malformed file of the corpus gives the error written beside it, and nothing else. */
class BadFilesTest {

    @TestFactory
    List<DynamicTest> malformed_configurations() throws Exception {
        return corpus(
                "config",
                file -> () -> ModelConfig.parse(file.toString(), Files.readAllBytes(file)));
    }

    @TestFactory
    List<DynamicTest> malformed_layer_graphs() throws Exception {
        return corpus(
                "graph", file -> () -> LayerGraph.parse(file.toString(), Files.readAllBytes(file)));
    }

    @TestFactory
    List<DynamicTest> malformed_onnx_files() throws Exception {
        return corpus("onnx", file -> () -> OnnxImport.read(file));
    }

    @TestFactory
    List<DynamicTest> malformed_safetensors() throws Exception {
        return corpus("safetensors", file -> () -> Safetensors.open(file));
    }

    @TestFactory
    List<DynamicTest> malformed_indexes() throws Exception {
        return corpus("index", folder -> () -> Safetensors.openFolder(folder));
    }

    @Test
    void a_link_out_of_the_folder_is_refused_and_one_within_is_not(@TempDir Path folder)
            throws IOException {
        var outside = corpusFolder("safetensors").resolve("hole.safetensors");
        var inside = Files.write(folder.resolve("model.safetensors"), minimal());
        var out = Files.createSymbolicLink(folder.resolve("out.safetensors"), outside);
        var within = Files.createSymbolicLink(folder.resolve("in.safetensors"), inside);

        assertThat(Safetensors.open(within).tensors()).isEmpty();
        assertThatThrownBy(() -> Safetensors.open(out))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(out + ": a link out of its folder");
    }

    @Test
    void a_pipe_or_a_folder_in_place_of_a_file_is_refused_without_reading(@TempDir Path folder)
            throws Exception {
        var pipe = folder.resolve("model.safetensors");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        var directory = Files.createDirectory(folder.resolve("x.safetensors"));

        assertThatThrownBy(() -> Safetensors.openFolder(folder))
                .hasMessage(pipe + ": not a regular file");
        assertThatThrownBy(() -> Safetensors.open(directory))
                .hasMessage(directory + ": not a regular file");
    }

    @Test
    void a_folder_with_only_a_pickle_is_refused_with_the_reason(@TempDir Path folder)
            throws IOException {
        Files.write(folder.resolve("pytorch_model.bin"), new byte[] {1});

        assertThatThrownBy(() -> Safetensors.openFolder(folder))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("a pickle, which can run code");
    }

    @Test
    void as_many_tensors_as_the_limit_are_read_and_one_more_is_refused(@TempDir Path folder)
            throws IOException {
        var file = folder.resolve("model.safetensors");

        Files.write(file, withTensors(SafetensorsHeader.TENSORS_MAX));
        assertThat(Safetensors.open(file).tensors()).hasSize(SafetensorsHeader.TENSORS_MAX);

        Files.write(file, withTensors(SafetensorsHeader.TENSORS_MAX + 1));
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(file + ": more than 100000 tensors");
    }

    private interface Use {
        ThrowingCallable of(Path path);
    }

    private static List<DynamicTest> corpus(String kind, Use use) throws IOException {
        var folder = corpusFolder(kind);
        var tests = new ArrayList<DynamicTest>();
        var named = new ArrayList<String>();
        for (var line : Files.readAllLines(folder.resolve("expected.txt"))) {
            int colon = line.indexOf(": ");
            var path = folder.resolve(line.substring(0, colon));
            var error = line.substring(colon + 2).replace("{}", path.toString());
            named.add(line.substring(0, colon));
            tests.add(
                    DynamicTest.dynamicTest(
                            line.substring(0, colon),
                            () ->
                                    assertThatThrownBy(use.of(path))
                                            .isInstanceOf(ModelFormatException.class)
                                            .hasMessage(error)));
        }
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("files with an expected error")
                    .filteredOn(name -> !name.equals("expected.txt"))
                    .containsExactlyInAnyOrderElementsOf(named);
        }
        return tests;
    }

    private static Path corpusFolder(String kind) {
        try {
            return Path.of(
                    Objects.requireNonNull(BadFilesTest.class.getResource("/bad/" + kind)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] minimal() {
        return new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    }

    private static byte[] withTensors(int count) {
        var header = new StringBuilder("{");
        for (int i = 0; i < count; i++) {
            header.append(i == 0 ? "" : ",").append('"').append(i).append('"');
            header.append(":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        header.append('}');
        var file = ByteBuffer.allocate(8 + header.length());
        file.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length());
        return file.put(header.toString().getBytes(StandardCharsets.US_ASCII)).array();
    }
}
