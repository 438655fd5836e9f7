package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.torch.NativeArrays.Part;

/** Arrays that no buffer spans, or that Java does not address, are read and written in pieces. */
class NativeArraysTest {
    private PtNDManager home;
    private OperatorModule operators;

    @BeforeEach
    void open() {
        assertThat(Engines.shared().arrays()).isNotNegative();
        home = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
        operators = OperatorModule.load(home);
    }

    @AfterEach
    void close() {
        home.close();
    }

    private NativeArrays inPieces(boolean addressed, long bytes) {
        return new NativeArrays(operators, home, addressed, bytes);
    }

    private static MemorySegment memory(Part part) {
        return Objects.requireNonNull(part.memory());
    }

    @Test
    void parts_are_the_memory_of_the_array_whatever_its_first_axis() {
        var array = (PtNDArray) home.zeros(new Shape(1, 5, 2), DataType.FLOAT32);

        var parts = inPieces(true, 16).parts(array, home);
        memory(parts.get(1)).setAtIndex(ValueLayout.JAVA_FLOAT, 0, 7);
        memory(parts.get(2)).setAtIndex(ValueLayout.JAVA_FLOAT, 1, 9);

        assertThat(parts).extracting(Part::length).containsExactly(16L, 16L, 8L);
        assertThat(parts).extracting(Part::offset).containsExactly(0L, 16L, 32L);
        assertThat(array.toFloatArray()).containsExactly(0, 0, 0, 0, 7, 0, 0, 0, 0, 9);
    }

    @Test
    void parts_of_what_is_not_addressed_have_no_memory() {
        var array = (PtNDArray) home.zeros(new Shape(5, 2), DataType.FLOAT32);

        var parts = inPieces(false, 16).parts(array, home);

        assertThat(parts).extracting(Part::length).containsExactly(16L, 16L, 8L);
        assertThat(parts).extracting(Part::memory).containsOnlyNulls();
    }

    @Test
    void an_array_of_nothing_has_no_parts() {
        var array = home.create(new Shape(0, 3), DataType.FLOAT32);

        assertThat(inPieces(true, 16).parts(array, home)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"true, 16", "true, 1024", "false, 16", "false, 1024"})
    void any_bytes_are_replaced_and_nothing_beside_them(boolean addressed, long piece) {
        var device = inPieces(addressed, piece);
        for (int offset = 0; offset <= 40; offset++) {
            for (int length = 0; length <= 40 - offset; length++) {
                var array = (PtNDArray) home.zeros(new Shape(5, 2), DataType.FLOAT32);
                var given = new byte[length];
                for (int i = 0; i < length; i++) {
                    given[i] = (byte) (i + 1);
                }

                device.write(array, offset, MemorySegment.ofArray(given));

                var all = new byte[40];
                device.read(array, 0, MemorySegment.ofArray(all));
                var expected = new byte[40];
                System.arraycopy(given, 0, expected, offset, length);
                assertThat(all).as("%d bytes at %d", length, offset).isEqualTo(expected);
                var back = new byte[length];
                device.read(array, offset, MemorySegment.ofArray(back));
                assertThat(back).isEqualTo(given);
                array.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void what_is_filled_is_what_is_shown(boolean addressed) {
        var device = inPieces(addressed, 16);

        var array =
                device.filled(
                        home,
                        new Shape(3, 3),
                        DataType.FLOAT32,
                        memory -> {
                            for (int i = 0; i < 9; i++) {
                                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
                            }
                        });

        assertThat(array.toFloatArray()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
        var sizes = new ArrayList<Long>();
        device.read(array, memory -> sizes.add(memory.byteSize()));
        assertThat(sizes).containsExactly(16L, 16L, 4L);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothing_but_the_copy_is_left_behind(boolean addressed) {
        var device = inPieces(addressed, 16);
        try (var tensor =
                Tensor.ofFloats(tensorlink.compute.tensor.Shape.of(2, 4), 1, 2, 3, 4, 5, 6, 7, 8)) {
            int before = home.getManagedArrays().size();

            var array = device.copyIn(home, tensor);
            try (var back = device.copyOut(array)) {
                assertThat(back.data().mismatch(tensor.data())).isEqualTo(-1);
            }

            assertThat(home.getManagedArrays()).hasSize(before + 1);
        }
    }

    @Tag("large")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_tensor_of_more_than_two_gibibytes_goes_in_and_comes_out(boolean addressed) {
        long count = (2L << 30) / Float.BYTES + 3;
        try (var tensor =
                Tensor.allocate(DType.F32, tensorlink.compute.tensor.Shape.of(1, count))) {
            tensor.setFloat(0, 1);
            tensor.setFloat(count - 1, 2);
            var device = new NativeArrays(operators, home, addressed);

            var array = device.copyIn(home, tensor);

            try (var back = device.copyOut(array)) {
                assertThat(back.shape()).isEqualTo(tensor.shape());
                assertThat(back.data().mismatch(tensor.data())).isEqualTo(-1);
            }
        }
    }
}
