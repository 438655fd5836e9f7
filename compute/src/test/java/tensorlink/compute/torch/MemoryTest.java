package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tensorlink.compute.Batch;
import tensorlink.compute.MemoryEstimate;
import tensorlink.compute.MemoryEstimate.Load;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Stage;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;

/**
 * What stages take from the system, in a process that does nothing else and whose heap is still.
 */
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    private static final Load LOAD = new Load(2, 128, 4);

    @Test
    void a_training_stage_needs_about_what_is_estimated() throws Exception {
        var config = OneStep.CONFIG;

        double bytes = Double.parseDouble(lastWord(OneStep.class));

        var estimate = MemoryEstimate.ofTraining(config, config.allLayers(), LOAD);
        assertThat(bytes / estimate.total()).as("measured over estimated").isBetween(0.8, 1.25);
    }

    @Test
    @Tag("soak")
    void a_thousand_steps_take_no_more_memory_than_two_hundred() throws Exception {
        double growth = Double.parseDouble(lastWord(ThousandSteps.class));

        assertThat(growth).as("bytes").isLessThan(8 << 20);
    }

    private static String lastWord(Class<?> program) throws Exception {
        var output = ChildProcess.run(program, ChildProcess.STILL_HEAP).strip();
        return output.substring(output.lastIndexOf(' ') + 1);
    }

    /** Prints how many bytes one step took at most. */
    public static final class OneStep {
        private static final ModelConfig CONFIG = ModelConfig.llama(512, 4, 260, 128);

        private OneStep() {}

        public static void main(String[] arguments) throws Exception {
            try (var engine = TorchEngine.open()) {
                try (var small = open(engine, ModelConfig.llama(32, 1, 260, 128))) {
                    step(small);
                }
                long before = ChildProcess.bytes("VmRSS");
                try (var stage = open(engine, CONFIG)) {
                    step(stage);
                }
                System.out.println("bytes " + (ChildProcess.bytes("VmHWM") - before));
            }
        }
    }

    /** Prints by how many bytes the process grew over steps 200 to 1,000. */
    public static final class ThousandSteps {
        private ThousandSteps() {}

        public static void main(String[] arguments) throws Exception {
            try (var engine = TorchEngine.open();
                    var stage = open(engine, ModelConfig.llama(128, 4, 260, 128))) {
                long before = 0;
                for (int i = 1; i <= 1000; i++) {
                    step(stage);
                    before = i == 200 ? ChildProcess.bytes("VmRSS") : before;
                }
                System.out.println("bytes " + (ChildProcess.bytes("VmRSS") - before));
            }
        }
    }

    private static Stage open(TorchEngine engine, ModelConfig config) throws Exception {
        return engine.open(
                config,
                config.allLayers(),
                Model.initialize(config, Tokenizer.bytes(), 1).weights(),
                StageOptions.forTraining(1));
    }

    /** All forwards, then all backwards, so that every micro-batch is in flight at once. */
    private static void step(Stage stage) throws Exception {
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
        stage.apply(stage.step() + 1, AdamW.lr(1e-3));
    }
}
