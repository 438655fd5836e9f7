package tensorlink.compute.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Goldens;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.onnx.wire.NodeProto;
import tensorlink.compute.onnx.wire.TensorProto;
import tensorlink.compute.tokenizer.Tokenizer;

/** What make_onnx.py exported is imported; what is no such file is refused by what is wrong. */
class OnnxImportTest {
    @TempDir private Path folder;

    // What PyTorch exports.

    @ParameterizedTest
    @ValueSource(strings = {"bert-features", "bert-classify"})
    void an_export_is_the_model_that_was_exported_to_the_bit(String name) throws Exception {
        var original = Model.load(Goldens.folder(name));

        var imported = OnnxImport.read(exported(name));

        assertThat(imported.name()).isEqualTo(name);
        assertThat(imported.config()).isEqualTo(withoutTokens(original.config()));
        for (var tensor : original.config().tensors(original.config().allLayers())) {
            assertThat(bytes(imported, tensor.name()))
                    .as(tensor.name())
                    .isEqualTo(bytes(original, tensor.name()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert-features", "bert-classify"})
    void what_is_imported_is_saved_as_a_folder_that_opens(String name) throws Exception {
        OnnxImport.read(exported(name)).save(folder.resolve("saved"));

        var saved = Model.load(folder.resolve("saved"));

        assertThat(saved.config()).isEqualTo(OnnxImport.read(exported(name)).config());
        assertThat(saved.weights().tensors()).isNotEmpty();
    }

    @Test
    void a_part_of_a_transposed_weight_is_the_part_of_the_whole() throws Exception {
        var model = OnnxImport.read(exported("bert-features"));
        var name = "encoder.layer.1.intermediate.dense.weight";
        var whole = bytes(model, name);

        var part = new byte[77];
        model.weights().read(name, 1_001, MemorySegment.ofArray(part));

        assertThat(part).isEqualTo(Arrays.copyOfRange(whole, 1_001, 1_078));
    }

    @Test
    void a_tokenizer_beside_the_file_comes_along_and_its_own_before_any_other() throws Exception {
        var file = Files.copy(exported("bert-features"), folder.resolve("small.onnx"));
        var none = OnnxImport.read(file);
        Files.write(folder.resolve("small-tokenizer.json"), Tokenizer.bytes().json());
        Files.writeString(folder.resolve("tokenizer.json"), "not one");

        var with = OnnxImport.read(file);

        assertThat(none.tokenizer()).isEmpty();
        assertThat(with.tokenizer().orElseThrow().encode("ab")).hasSize(2);
    }

    @Test
    void a_jar_with_one_file_at_its_top_is_that_file_with_its_tokenizer() throws Exception {
        var jar =
                jar(
                        Map.of(
                                "small.onnx", Files.readAllBytes(exported("bert-features")),
                                "small-tokenizer.json", Tokenizer.bytes().json(),
                                "deeper/other.onnx", new byte[1]));

        var model = OnnxImport.read(jar);

        assertThat(model.name()).isEqualTo("small");
        assertThat(model.tokenizer()).isPresent();
        assertThat(model.config()).isEqualTo(OnnxImport.read(exported("bert-features")).config());
    }

    // What is wrong.

    @Test
    void a_jar_without_one_file_at_its_top_is_refused() throws Exception {
        var two = jar(Map.of("a.onnx", new byte[1], "b.onnx", new byte[1]));
        assertThatThrownBy(() -> OnnxImport.read(two))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(two + ": expected one file at the top that ends in .onnx, found 2");
        var bad = jar(Map.of("a.onnx", "<html>".getBytes(StandardCharsets.US_ASCII)));
        assertThatThrownBy(() -> OnnxImport.read(bad))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(bad + "!a.onnx: model: not a protobuf message");
        Files.write(bad, new byte[100]);
        assertThatThrownBy(() -> OnnxImport.read(bad))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(bad + ": not a jar: ");
    }

    @Test
    void a_file_cut_anywhere_is_refused() throws Exception {
        var whole = Files.readAllBytes(exported("bert-features"));

        for (int length = 0; length < whole.length; length += 997) {
            var file = write(Arrays.copyOf(whole, length));

            assertThatThrownBy(() -> OnnxImport.read(file))
                    .as("%d bytes", length)
                    .isInstanceOf(ModelFormatException.class);
        }
    }

    @Test
    void what_is_no_onnx_is_refused() throws Exception {
        refused("graph: missing", ByteString.EMPTY);
        refused("model: not a protobuf message", ByteString.copyFromUtf8("<html>"));
        refused("graph: expected one, found a second", field(7, "").concat(field(7, "")));
        refused("functions: expected none", field(25, ""));
        refused("graph.sparse_initializer: expected none", graph(field(15, "")));
        refused(
                "0 layers named as encoder.layer.0.attention.self.query.weight, expected 1 to 1024",
                graph(ByteString.EMPTY));
    }

    @Test
    void an_operator_that_is_not_known_is_refused_by_name() throws Exception {
        refused("found \"MatMulInteger\"", graph(node("MatMulInteger", "", "a", "b")));
        refused("found \"com.microsoft.Gelu\"", graph(node("Gelu", "com.microsoft", "a", "b")));
        refused("graph.node \"\".output: expected one at least", graph(node("Relu", "", "a", "")));
        refused(
                "\"b\" is made twice, or used before it is made",
                graph(node("Relu", "", "a", "b"), node("Relu", "", "a", "b")));
        refused(
                "\"a\" is made twice, or used before it is made",
                graph(node("Relu", "", "a", "b"), node("Relu", "", "c", "a")));
    }

    @Test
    void a_tensor_whose_data_are_not_what_its_shape_needs_is_refused() throws Exception {
        var name = "graph.initializer \"w\"";
        var good = TensorProto.newBuilder().setName("w").addDims(2).setDataType(1);
        var eight = ByteString.copyFrom(new byte[8]);

        refused(name + ".float_data: 0 bytes, expected 8 for F32 [2]", tensor(good));
        refused(
                name + ".raw_data: 8 bytes, expected 12 for F32 [3]",
                tensor(good.clone().setDims(0, 3).setRawData(eight)));
        refused(
                name + ".int64_data: 1 bytes, expected 1152921504606846975 values",
                tensor(
                        good.clone()
                                .setDataType(7)
                                .setDims(0, Long.MAX_VALUE / 8)
                                .setInt64Data(ByteString.copyFrom(new byte[1]))));
        refused(
                name + ".dims: [-1], expected lengths",
                tensor(good.clone().setDims(0, -1).setRawData(eight)));
        refused(
                name + ".dims: [4611686018427387904], expected lengths",
                tensor(good.clone().setDims(0, 1L << 62).setRawData(eight)));
        refused(
                name + ".dims: 9 axes, limit 8",
                tensor(good.clone().addAllDims(List.of(1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L))));
        refused(name + ".data_type: expected float,", tensor(good.clone().setDataType(8)));
        refused(
                name + ".data_location: expected inside the file, found outside",
                tensor(good.clone().setDataLocation(1)));
        refused("graph.initializer[0].name: empty", tensor(good.clone().setName("")));
    }

    @Test
    void counts_and_lengths_are_checked_before_a_message_is_read() throws Exception {
        int header = OnnxFile.TENSOR_HEADER_BYTES_MAX;
        refused(
                "graph.initializer[0]: "
                        + (header + 5)
                        + " bytes besides its data, limit "
                        + header,
                tensor(TensorProto.newBuilder().setName("a".repeat(header + 2))));
        var tooLong = NodeProto.newBuilder().setName("a".repeat(OnnxFile.NODE_BYTES_MAX)).build();
        refused(
                "graph.node[0]: 1048580 bytes, limit 1048576",
                graph(field(1, tooLong.toByteString())));

        var one = field(1, "");
        var empty = new ByteArrayOutputStream();
        for (int i = 0; i <= OnnxFile.NODES_MAX; i++) {
            one.writeTo(empty);
        }
        refused(
                "graph.node: 100001 nodes, limit 100000",
                graph(ByteString.copyFrom(empty.toByteArray())));
    }

    private Path jar(Map<String, byte[]> entries) throws IOException {
        var file = folder.resolve("model.jar");
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (var entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return file;
    }

    private static Path exported(String name) throws Exception {
        var url = OnnxImportTest.class.getResource("/onnx/" + name + ".onnx");
        assertThat(url).as(name).isNotNull();
        return Path.of(url.toURI());
    }

    /** A graph says nothing of the tokens that begin and end a text. */
    private static ModelConfig withoutTokens(ModelConfig config) {
        var pad = config.specialTokens().pad();
        return new ModelConfig(
                config.family(),
                config.task(),
                config.hidden(),
                config.layers(),
                config.vocabulary(),
                config.contextLength(),
                config.block(),
                config.ends(),
                config.dropout(),
                new ModelConfig.SpecialTokens(OptionalInt.empty(), List.of(), pad),
                config.initializerRange());
    }

    private static byte[] bytes(Model model, String name) throws Exception {
        for (var tensor : model.weights().tensors()) {
            if (tensor.name().equals(name)) {
                var bytes = new byte[(int) tensor.byteSize()];
                model.weights().read(name, 0, MemorySegment.ofArray(bytes));
                return bytes;
            }
        }
        throw new AssertionError("no " + name);
    }

    private Path write(byte[] content) throws IOException {
        return Files.write(folder.resolve("bad.onnx"), content);
    }

    private void refused(String message, ByteString content) throws IOException {
        var file = write(content.toByteArray());

        assertThatThrownBy(() -> OnnxImport.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    private static ByteString tensor(TensorProto.Builder tensor) throws IOException {
        return graph(field(5, tensor.build().toByteString()));
    }

    private static ByteString node(String operator, String domain, String input, String output)
            throws IOException {
        var node =
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setDomain(domain)
                        .addInput(input)
                        .addOutput(output);
        return field(1, node.build().toByteString());
    }

    private static ByteString graph(ByteString... fields) throws IOException {
        return field(7, ByteString.copyFrom(List.of(fields)));
    }

    private static ByteString field(int number, String value) throws IOException {
        return field(number, ByteString.copyFromUtf8(value));
    }

    private static ByteString field(int number, ByteString value) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = CodedOutputStream.newInstance(bytes);
        out.writeBytes(number, value);
        out.flush();
        return ByteString.copyFrom(bytes.toByteArray());
    }
}
