package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Batch;
import tensorlink.compute.MemoryEstimate;
import tensorlink.compute.MemoryEstimate.Load;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.tokenizer.Tokenizer;

/**
 * What stages take from the system, in a process that does nothing else and whose heap is still.
 */
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    private static final Load LOAD = new Load(2, 128, 4);

    @ParameterizedTest
    @ValueSource(strings = {"Sgd", "AdamW", "AdamW again", "Adafactor"})
    void a_training_stage_needs_about_what_is_estimated(String rule) throws Exception {
        var config = TwoSteps.CONFIG;

        double bytes = Double.parseDouble(lastWord(TwoSteps.class, rule));

        var options = options(rule);
        var estimate = MemoryEstimate.ofTraining(config, config.allLayers(), LOAD, options);
        assertThat(bytes / estimate.total()).as("measured over estimated").isBetween(0.8, 1.25);
    }

    @Test
    @Tag("soak")
    void a_thousand_steps_take_no_more_memory_than_two_hundred() throws Exception {
        double growth = Double.parseDouble(lastWord(ThousandSteps.class));

        assertThat(growth).as("bytes").isLessThan(8 << 20);
    }

    private static String lastWord(Class<?> program, String... arguments) throws Exception {
        var output = ChildProcess.run(program, ChildProcess.STILL_HEAP, arguments).strip();
        return output.substring(output.lastIndexOf(' ') + 1);
    }

    /** Prints how many bytes two steps took at most. */
    public static final class TwoSteps {
        private static final ModelConfig CONFIG = ModelConfig.llama(512, 4, 260, 128);

        private TwoSteps() {}

        public static void main(String[] arguments) throws Exception {
            try (var engine = TorchEngine.open()) {
                var how = options(arguments[0]);
                var rule = how.optimizer();
                try (var small = open(engine, ModelConfig.llama(32, 1, 260, 128), how)) {
                    step(small, rule);
                }
                long before = ChildProcess.bytes("VmRSS");
                try (var stage = open(engine, CONFIG, how)) {
                    step(stage, rule); // makes the optimizer's state
                    step(stage, rule);
                }
                System.out.println("bytes " + (ChildProcess.bytes("VmHWM") - before));
            }
        }
    }

    /** Prints by how many bytes the process grew over steps 200 to 1,000. */
    public static final class ThousandSteps {
        private ThousandSteps() {}

        public static void main(String[] arguments) throws Exception {
            var how = options("AdamW");
            try (var engine = TorchEngine.open();
                    var stage = open(engine, ModelConfig.llama(128, 4, 260, 128), how)) {
                long before = 0;
                for (int i = 1; i <= 1000; i++) {
                    step(stage, how.optimizer());
                    before = i == 200 ? ChildProcess.bytes("VmRSS") : before;
                }
                System.out.println("bytes " + (ChildProcess.bytes("VmRSS") - before));
            }
        }
    }

    private static TrainingOptions options(String name) {
        return switch (name) {
            case "Sgd" -> TrainingOptions.with(Sgd.lr(1e-3));
            case "AdamW" -> TrainingOptions.with(AdamW.lr(1e-3));
            case "AdamW again" -> TrainingOptions.with(AdamW.lr(1e-3)).withRecompute(true);
            default -> TrainingOptions.with(Adafactor.lr(1e-3));
        };
    }

    private static Stage open(TorchEngine engine, ModelConfig config, TrainingOptions how)
            throws Exception {
        return engine.open(
                config,
                config.allLayers(),
                Model.initialize(config, Tokenizer.bytes(), 1).weights(),
                StageOptions.forTraining(how, 1));
    }

    /** All forwards, then all backwards, so that every micro-batch is in flight at once. */
    private static void step(Stage stage, Optimizer rule) throws Exception {
        var parts = Batch.of(Tokens.of(new long[8][128])).split(LOAD.inFlight());
        stage.zeroGradients();
        for (var part : parts) {
            stage.forwardLoss(
                    part.index(),
                    part.inputs().toTensor(),
                    part.labels().toTensor(),
                    part.labelCount());
        }
        for (var part : parts) {
            stage.backward(part.index(), null);
        }
        stage.prepare(null);
        stage.apply(stage.step() + 1, rule);
    }
}
