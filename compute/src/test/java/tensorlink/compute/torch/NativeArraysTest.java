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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;

/** Arrays that no buffer spans are addressed in pieces. */
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

    @Test
    void pieces_are_the_memory_of_the_array_whatever_its_first_axis() {
        var array = (PtNDArray) home.zeros(new Shape(1, 5, 2), DataType.FLOAT32);

        var pieces = NativeArrays.memory(operators, array, home, 16);
        pieces.get(1).setAtIndex(ValueLayout.JAVA_FLOAT, 0, 7);
        pieces.get(2).setAtIndex(ValueLayout.JAVA_FLOAT, 1, 9);

        assertThat(pieces).extracting(MemorySegment::byteSize).containsExactly(16L, 16L, 8L);
        assertThat(array.toFloatArray()).containsExactly(0, 0, 0, 0, 7, 0, 0, 0, 0, 9);
    }

    @Test
    void an_array_of_nothing_has_no_pieces() {
        var array = home.create(new Shape(0, 3), DataType.FLOAT32);

        assertThat(NativeArrays.memory(operators, array, home)).isEmpty();
    }

    @Tag("large")
    @Test
    void a_tensor_of_more_than_two_gibibytes_goes_in_and_comes_out() {
        long count = (2L << 30) / Float.BYTES + 3;
        try (var tensor =
                Tensor.allocate(DType.F32, tensorlink.compute.tensor.Shape.of(1, count))) {
            tensor.setFloat(0, 1);
            tensor.setFloat(count - 1, 2);

            var array = NativeArrays.copyIn(operators, home, tensor);

            try (var back = NativeArrays.copyOut(operators, array)) {
                assertThat(back.shape()).isEqualTo(tensor.shape());
                assertThat(back.data().mismatch(tensor.data())).isEqualTo(-1);
            }
        }
    }
}
