package tensorlink.compute.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tensorlink.compute.Batch;
import tensorlink.compute.LayerRange;
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
 * What a stage takes from the system, in a process that does nothing else and whose heap is still.
 */
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    private static final Load LOAD = new Load(2, 128, 4);

    @Test
    void a_training_stage_needs_about_what_is_estimated() throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process =
                new ProcessBuilder(
                                java,
                                "-Xms64m",
                                "-Xmx64m",
                                "-XX:+AlwaysPreTouch",
                                "-XX:+UseSerialGC",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Train.class.getName())
                        .redirectErrorStream(true)
                        .start();

        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        double bytes = Double.parseDouble(output.substring(output.lastIndexOf(' ') + 1).strip());
        var estimate = MemoryEstimate.ofTraining(Train.CONFIG, Train.CONFIG.allLayers(), LOAD);
        assertThat(bytes / estimate.total()).as("measured over estimated").isBetween(0.8, 1.25);
    }

    /** The program that is started. */
    public static final class Train {
        private static final ModelConfig CONFIG = ModelConfig.llama(512, 4, 260, 128);

        private Train() {}

        public static void main(String[] arguments) throws Exception {
            try (var engine = TorchEngine.open()) {
                train(engine, ModelConfig.llama(32, 1, 260, 128), new LayerRange(0, 1));
                long before = kilobytes("VmRSS:");
                train(engine, CONFIG, CONFIG.allLayers());
                System.out.println("bytes " + 1024 * (kilobytes("VmHWM:") - before));
            }
        }

        private static void train(TorchEngine engine, ModelConfig config, LayerRange layers)
                throws Exception {
            var weights = Model.initialize(config, Tokenizer.bytes(), 1).weights();
            var parts = Batch.of(Tokens.of(new long[8][128])).split(LOAD.inFlight());
            try (Stage stage = engine.open(config, layers, weights, StageOptions.forTraining(1))) {
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
                stage.apply(1, AdamW.lr(1e-3));
            }
        }

        private static long kilobytes(String key) throws Exception {
            for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith(key)) {
                    return Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
            throw new IllegalStateException("no " + key);
        }
    }
}
