package tensorlink.compute.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Goldens;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

class SafetensorsTest {
    @TempDir Path folder;

    @Test
    void reads_a_checkpoint_that_python_wrote() throws Exception {
        var weights = Safetensors.openFolder(Goldens.folder("llama"));

        assertThat(weights.tensors()).hasSize(39);
        assertThat(weights.tensors())
                .contains(
                        new TensorSpec("model.embed_tokens.weight", DType.F32, Shape.of(512, 32)));
        try (var norm = Tensor.allocate(DType.F32, Shape.of(32))) {
            weights.read("model.norm.weight", 0, norm.data());
            for (int i = 0; i < 32; i++) {
                assertThat(norm.floatAt(i)).isBetween(0.5f, 1.5f);
            }
        }
    }

    @Test
    void writes_what_it_reads_back_with_wide_elements_first_and_aligned() throws Exception {
        var written =
                new Memory(
                        Map.of("flags", new byte[] {1, 0, 1}, "scale", new byte[] {0, 0, 0, 64}),
                        List.of(
                                new TensorSpec("flags", DType.BOOL, Shape.of(3)),
                                new TensorSpec("scale", DType.F32, Shape.of())));
        var file = folder.resolve("model.safetensors");

        Safetensors.write(file, written, Map.of("format", "pt"));
        Safetensors.write(file, written, Map.of("format", "pt"));

        var read = Safetensors.open(file);
        assertThat(read.tensors())
                .containsExactly(
                        new TensorSpec("scale", DType.F32, Shape.of()),
                        new TensorSpec("flags", DType.BOOL, Shape.of(3)));
        assertThat(bytes(read, "flags", 1, 2)).containsExactly(0, 1);
        assertThat(bytes(read, "scale", 0, 4)).containsExactly(0, 0, 0, 64);
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                .contains("{\"__metadata__\":{\"format\":\"pt\"}");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void a_failed_write_leaves_the_old_file_and_nothing_else() throws Exception {
        var file = Files.writeString(folder.resolve("model.safetensors"), "old");
        var failing =
                new Memory(Map.of(), List.of(new TensorSpec("a", DType.F32, Shape.of(1)))) {
                    @Override
                    public void read(String name, long offset, MemorySegment target)
                            throws IOException {
                        throw new IOException("lost");
                    }
                };

        assertThatThrownBy(() -> Safetensors.write(file, failing, Map.of())).hasMessage("lost");

        assertThat(file).hasContent("old");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void half_and_bfloat_widen_exactly_and_others_stay() throws Exception {
        var stored =
                new Memory(
                        Map.of(
                                "half", new byte[] {0, 0x3C, 0, (byte) 0xC0, 1, 0},
                                "bfloat", new byte[] {(byte) 0x80, 0x3F, 0, (byte) 0xC0, 1, 0},
                                "ids", new byte[8]),
                        List.of(
                                new TensorSpec("half", DType.F16, Shape.of(3)),
                                new TensorSpec("bfloat", DType.BF16, Shape.of(3)),
                                new TensorSpec("ids", DType.I64, Shape.of(1))));

        var wide = stored.widened();

        assertThat(wide.tensors())
                .containsExactly(
                        new TensorSpec("half", DType.F32, Shape.of(3)),
                        new TensorSpec("bfloat", DType.F32, Shape.of(3)),
                        new TensorSpec("ids", DType.I64, Shape.of(1)));
        assertThat(floats(wide, "half", 0, 3)).containsExactly(1f, -2f, 0x1p-24f);
        assertThat(floats(wide, "bfloat", 1, 2)).containsExactly(-2f, 0x1p-133f);
        assertThatThrownBy(() -> bytes(wide, "half", 2, 4)).hasMessageContaining("split");
    }

    @Test
    void refuses_unknown_names_and_ranges_outside_the_tensor() throws Exception {
        var weights = Safetensors.openFolder(Goldens.folder("llama"));

        assertThatThrownBy(() -> bytes(weights, "nothing", 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tensor nothing");
        assertThatThrownBy(() -> bytes(weights, "model.norm.weight", 125, 4))
                .hasMessage("model.norm.weight: 4 bytes at 125 of 128");
        assertThatThrownBy(() -> bytes(weights, "model.norm.weight", -1, 1))
                .hasMessageContaining("at -1");
    }

    @Test
    void a_file_that_changes_while_in_use_is_refused() throws Exception {
        var file =
                Files.copy(
                        Goldens.folder("llama").resolve("model.safetensors"),
                        folder.resolve("model.safetensors"));
        var weights = Safetensors.open(file);
        var content = Files.readAllBytes(file);

        Files.write(file, Arrays.copyOf(content, content.length - 1));

        assertThatThrownBy(() -> bytes(weights, "model.norm.weight", 0, 4))
                .isInstanceOf(ModelFormatException.class)
                .hasMessage(file + ": changed while in use");
    }

    @Test
    void a_file_cut_anywhere_is_refused() throws Exception {
        var file = folder.resolve("whole.safetensors");
        var weights =
                new Memory(
                        Map.of("a", new byte[4], "b", new byte[2]),
                        List.of(
                                new TensorSpec("a", DType.F32, Shape.of(1)),
                                new TensorSpec("b", DType.BF16, Shape.of(1))));
        Safetensors.write(file, weights, Map.of("format", "pt"));
        var content = Files.readAllBytes(file);

        for (int length = 0; length < content.length; length++) {
            var cut = folder.resolve("cut.safetensors");
            Files.write(cut, Arrays.copyOf(content, length));
            assertThatThrownBy(() -> Safetensors.open(cut))
                    .as("cut to %d bytes", length)
                    .isInstanceOf(ModelFormatException.class);
        }
        assertThat(Safetensors.open(file).tensors()).hasSize(2);
    }

    private static byte[] bytes(Weights weights, String name, long offset, int count)
            throws Exception {
        var bytes = new byte[count];
        weights.read(name, offset, MemorySegment.ofArray(bytes));
        return bytes;
    }

    private static float[] floats(Weights weights, String name, int first, int count)
            throws Exception {
        var floats = new float[count];
        weights.read(name, 4L * first, MemorySegment.ofArray(floats));
        return floats;
    }

    private static class Memory implements Weights {
        private final Map<String, byte[]> values;
        private final List<TensorSpec> tensors;

        Memory(Map<String, byte[]> values, List<TensorSpec> tensors) {
            this.values = new LinkedHashMap<>(values);
            this.tensors = tensors;
        }

        @Override
        public List<TensorSpec> tensors() {
            return tensors;
        }

        @Override
        public void read(String name, long offset, MemorySegment target) throws IOException {
            var bytes = values.get(name);
            if (bytes == null) {
                throw new IllegalArgumentException("no tensor " + name);
            }
            MemorySegment.copy(
                    bytes, (int) offset, target, ValueLayout.JAVA_BYTE, 0, (int) target.byteSize());
        }
    }
}
