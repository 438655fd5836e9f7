package tensorlink.compute.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.compute.Goldens;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.Engines;

class ParityTest {

    @ParameterizedTest
    @CsvSource({
        "llama, 1, 1",
        "llama, 1, 4",
        "llama, 2, 4",
        "llama, 3, 4",
        "llama, 4, 4",
        "qwen2, 1, 1",
        "qwen2, 1, 4",
        "qwen2, 2, 4",
        "qwen2, 3, 4",
        "qwen2, 4, 4",
        "mistral-window, 1, 4",
        "mistral-window, 2, 2",
        "mistral-window, 3, 3",
        "mistral-window, 4, 1",
        "llama-rope-llama3, 1, 1",
        "llama-rope-llama3, 3, 2",
        "llama-bf16, 1, 1",
        "llama-bf16, 2, 4",
        "qwen2-windows, 1, 1",
        "qwen2-windows, 2, 4",
        "qwen3, 1, 1",
        "qwen3, 3, 4",
        "qwen3-f16, 2, 2",
        "gemma2, 1, 1",
        "gemma2, 3, 4",
        "gemma2-uncapped, 2, 2",
        "phi3, 1, 1",
        "phi3, 3, 4",
        "phi3-window, 2, 2",
        "gpt2, 1, 1",
        "gpt2, 3, 4",
        "gpt-neox, 1, 1",
        "gpt-neox, 3, 4",
        "gpt-neox-sequential, 2, 2",
        "bert-mlm, 1, 1",
        "bert-mlm, 3, 4",
        "bert-classify, 1, 1",
        "bert-classify, 2, 4",
        "bert-regress, 1, 1",
        "bert-regress, 3, 4",
        "bert-features, 2, 1",
        "roberta-mlm, 3, 2",
        "roberta-classify, 1, 4",
        "distilbert-mlm, 2, 4",
        "distilbert-classify, 3, 2",
        "distilbert-features, 1, 1",
        "graph-mlp, 1, 1",
        "graph-mlp, 5, 3",
        "graph-cnn, 1, 1",
        "graph-cnn, 4, 2",
        "graph-seq2seq, 1, 1",
        "graph-seq2seq, 7, 2",
        "graph-reshaped, 9, 1",
        "graph-shared, 1, 1",
        "graph-shared, 6, 2"
    })
    void computes_what_pytorch_computes_in_any_number_of_stages(
            String name, int stages, int microBatches) throws Exception {
        var model = Model.load(Goldens.folder(name));
        var golden = Golden.open(Goldens.folder(name), model.architecture());
        try (var split = open(model, stages);
                var whole = open(model, 1)) {

            var report =
                    Parity.measure(
                            golden,
                            Subject.of(split, microBatches),
                            Subject.of(whole, microBatches));

            assertThat(report.failures()).as("%s", report).isEmpty();
            assertThat(report.loss()).isLessThan(1e-6);
        }
    }

    @Test
    void notices_weights_that_are_not_the_checkpoints() throws Exception {
        var model = Model.load(Goldens.folder("llama"));
        var golden = Golden.open(Goldens.folder("llama"), model.config());
        try (var other = open(model.withWeights(fresh(model)), 2);
                var whole = open(model, 1)) {

            var report = Parity.measure(golden, Subject.of(other, 4), Subject.of(whole, 4));

            assertThat(report.failures()).hasSize(5);
            assertThat(report.passes()).isFalse();
        }
    }

    @Test
    void each_tolerance_fails_one_step_beyond_it_and_not_at_it() {
        var within = new ParityReport(2e-5, 0, 1e-5, "x", 1e-4, true, true);

        assertThat(within.passes()).isTrue();
        assertThat(new ParityReport(Math.nextUp(2e-5), 0, 0, "x", 0, true, true).failures())
                .hasSize(1);
        assertThat(new ParityReport(0, 0, Math.nextUp(1e-5), "x", 0, true, true).failures())
                .hasSize(1);
        assertThat(new ParityReport(0, 0, 0, "x", Math.nextUp(1e-4), true, true).failures())
                .hasSize(1);
        assertThat(new ParityReport(Double.NaN, 0, Double.NaN, "x", Double.NaN, false, false))
                .satisfies(report -> assertThat(report.failures()).hasSize(5));
    }

    @Test
    void refuses_a_folder_without_results_of_a_causal_model(@TempDir Path folder) throws Exception {
        var model = Model.load(Goldens.folder("llama"));

        assertThatThrownBy(() -> Golden.open(folder, model.config()))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("there is no such file");

        Safetensors.write(folder.resolve("golden.safetensors"), model.weights(), Map.of());
        assertThatThrownBy(() -> Golden.open(folder, model.config()))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("no input_ids: not of a model for CausalLm[]");
    }

    private static LocalRun open(Model model, int stages) throws Exception {
        return LocalRun.open(Engines.shared(), model, stages, StageOptions.forTraining(1));
    }

    private static Weights fresh(Model model) {
        return Model.initialize(model.config(), Tokenizer.bytes(), 1).weights();
    }
}
