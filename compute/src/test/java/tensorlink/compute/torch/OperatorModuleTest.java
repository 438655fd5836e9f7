package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.TrainingOptions;

class OperatorModuleTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(32, 1, 16, 8);

    @Test
    void what_libtorch_refuses_is_an_exception_that_says_why() {
        assertThat(Engines.shared().profile().torch()).isEqualTo("2.7.1");
        try (var home = manager()) {
            var operators = OperatorModule.load(home);
            var three = (PtNDArray) home.ones(new Shape(3));
            var two = (PtNDArray) home.ones(new Shape(2));

            assertThatThrownBy(() -> operators.call("add", three, two))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining("must match the size");
            assertThatThrownBy(() -> operators.call("nothing"))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining("nothing");
            assertThatThrownBy(() -> operators.call("add", three))
                    .isInstanceOf(EngineException.class);
            try (var sum = operators.call("add", three, three)) {
                assertThat(sum.toTensor(home).toFloatArray()).containsExactly(2, 2, 2);
            }
        }
    }

    @Test
    void gradients_are_not_trusted_after_a_backward_that_failed() {
        assertThat(Engines.shared().arrays()).isNotNegative();
        try (var home = manager();
                var parameters =
                        new Parameters(
                                new NativeArrays(OperatorModule.load(home), home, true),
                                CONFIG,
                                CONFIG.allLayers(),
                                Optional.of(TrainingOptions.defaults()))) {
            var constant = (PtNDArray) home.ones(new Shape(1, 1, 32));
            var tape = new PtNDArray[] {constant, constant};

            assertThatThrownBy(() ->
                            parameters.backward(
                                    home,
                                    tape,
                                    constant,
                                    Description.of(CONFIG, CONFIG.allLayers())))
                    .isInstanceOf(EngineException.class);
            assertThatThrownBy(() -> parameters.prepare(null))
                    .hasMessageContaining("must be zeroed");

            parameters.zeroGradients();
            assertThat(parameters.prepare(null).squaredNorms()).isNotEmpty().containsOnly(0.0);
        }
    }

    private static PtNDManager manager() {
        return (PtNDManager) Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
    }
}
