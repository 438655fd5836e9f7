package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Operators make arrays only where their arguments are. Here arguments are on libtorch's device
 * "meta", which keeps shapes and no values: an operator that made one on the processor would mix
 * devices, which libtorch refuses as it does between a processor and a card. Whole models it cannot
 * do there; so those that make arrays are tried, and the source is looked at for others.
 */
class OperatorDevicesTest {
    private static final String ELSEWHERE =
            """

            def elsewhere(self, x: Tensor) -> Tensor:
              return torch.empty_like(x, dtype=None, layout=None, device=torch.device("meta"))

            def count_elsewhere(self, x: List[Tensor]) -> Tensor:
              n = 0
              for i in range(torch.len(x)):
                if ops.prim.is_meta(x[i]):
                  n = n + 1
              return torch.tensor(n, dtype=6)

            def astray(self, x: Tensor) -> Tensor:
              return torch.add(x, torch.ones([2]))
            """;
    private PtNDManager home;
    private OperatorModule operators;

    @BeforeEach
    void open() {
        assertThat(Engines.shared().arrays()).isNotNegative();
        home = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
        operators = OperatorModule.load(home, OperatorModule.source() + ELSEWHERE);
    }

    @AfterEach
    void close() {
        home.close();
    }

    private PtNDArray elsewhere(PtNDArray array) {
        try (var moved = operators.call("elsewhere", array)) {
            return moved.toTensor(home);
        }
    }

    private PtNDArray elsewhere(Shape shape, DataType type) {
        return elsewhere((PtNDArray) home.zeros(shape, type));
    }

    private void assertElsewhere(PtNDArray... arrays) {
        try (var counted = operators.call("count_elsewhere", (Object) arrays)) {
            assertThat(counted.toTensor(home).toFloatArray()).containsExactly(arrays.length);
        }
    }

    @Test
    void what_is_made_astray_is_found() {
        var two = elsewhere(new Shape(2), DataType.FLOAT32);

        assertThatThrownBy(() -> operators.call("astray", two))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("device");
    }

    @Test
    void who_may_see_whom_is_noted_where_the_queries_are() {
        var queries = elsewhere(new Shape(2, 4, 6, 8), DataType.FLOAT32);

        try (var mask = operators.call("mask", queries, 6L, 2L, 0L)) {
            assertElsewhere(mask.toTensor(home));
        }
    }

    @Test
    void steps_are_counted_where_the_parameters_are() {
        var parameters = new PtNDArray[] {elsewhere(new Shape(2), DataType.FLOAT32)};

        try (var steps = operators.call("steps", parameters, 1L)) {
            assertElsewhere(steps.toTensorArray(home));
        }
    }

    @Test
    void every_array_that_is_made_of_nothing_says_where() {
        var making =
                Pattern.compile(
                        "torch\\.(tensor|zeros|ones|full|empty|arange|linspace|eye|rand\\w*|tri\\w*)\\(");
        var lines = OperatorModule.source().lines().filter(making.asPredicate()).toList();

        assertThat(lines).hasSizeGreaterThan(3).allMatch(line -> line.contains("device="));
    }
}
