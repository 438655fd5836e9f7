package tensorlink.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.JarURLConnection;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.torch.TorchEngine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A pretrained model as Maven Central has it, imported by its command. The profile {@code
 * pretrained} fetches it: {@code mvn test -Ppretrained -pl node -am}.
 */
@Tag("pretrained")
class PretrainedTest {
    private static final String NAME = "all-minilm-l6-v2";
    private static final int DIMENSIONS = 384;

    /** A hundred times what the same kernels round. */
    private static final Offset<Double> CLOSE = Offset.offset(1e-5);

    @TempDir private Path home;

    @Test
    void an_imported_encoder_embeds_as_onnx_runtime_does_with_the_file_itself() throws Exception {
        var imported =
                Ran.of(
                        "model",
                        "import",
                        jar().toString(),
                        "--home",
                        home.toString(),
                        "-o",
                        "json");
        var recorded = recorded();
        var model = Model.load(home.resolve("models").resolve(NAME));

        assertThat(imported.status()).as(imported.err()).isZero();
        assertThat(imported.result().path("parameters").asLong()).isEqualTo(22_565_376);
        assertThat(recorded).hasSize(4);
        try (var engine = TorchEngine.open();
                var run = LocalRun.open(engine, model, 2, StageOptions.forInference(1))) {
            for (var sentence : recorded) {
                var embedding = embedding(run, tokens(model, sentence));

                assertThat(embedding).hasSize(DIMENSIONS);
                for (int i = 0; i < DIMENSIONS; i++) {
                    assertThat(embedding[i])
                            .as("%s [%d]", sentence.path("sentence"), i)
                            .isCloseTo(sentence.path("embedding").path(i).asDouble(), CLOSE);
                }
            }
            assertThat(cosine(run, model, recorded.path(0), recorded.path(1)))
                    .isCloseTo(0.68883, CLOSE);
            assertThat(cosine(run, model, recorded.path(2), recorded.path(3)))
                    .isCloseTo(0.55870, CLOSE);
            assertThat(cosine(run, model, recorded.path(0), recorded.path(2)))
                    .isCloseTo(-0.01601, CLOSE);
        }
    }

    private static Path jar() throws Exception {
        var found = PretrainedTest.class.getClassLoader().getResource(NAME + ".onnx");
        assertThat(found).as("the jar that the profile brings").isNotNull();
        var connection = (JarURLConnection) found.openConnection();
        return Path.of(connection.getJarFileURL().toURI());
    }

    private static JsonNode recorded() throws Exception {
        try (var in = PretrainedTest.class.getResourceAsStream("/pretrained/" + NAME + ".json")) {
            assertThat(in).as("what make_embeddings.py recorded").isNotNull();
            return new JsonMapper().readTree(in);
        }
    }

    /** The model's own tokenizer must give those that were recorded. */
    private static long[] tokens(Model model, JsonNode sentence) {
        var text = sentence.path("sentence").asString();
        var tokens =
                model.tokenizer().orElseThrow().encodeWhole(text, 512).stream()
                        .mapToLong(Integer::longValue)
                        .toArray();
        assertThat(tokens).hasSize(sentence.path("tokens").size());
        for (int i = 0; i < tokens.length; i++) {
            assertThat(tokens[i]).isEqualTo(sentence.path("tokens").path(i).asLong());
        }
        return tokens;
    }

    private static double cosine(LocalRun run, Model model, JsonNode one, JsonNode other)
            throws InterruptedException {
        var a = embedding(run, tokens(model, one));
        var b = embedding(run, tokens(model, other));
        double sum = 0;
        for (int i = 0; i < DIMENSIONS; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** The mean of the hidden states of all tokens, of length 1. */
    private static double[] embedding(LocalRun run, long[] tokens) throws InterruptedException {
        var mean = new double[DIMENSIONS];
        try (var states = run.logits(Tokens.of(tokens))) {
            for (int at = 0; at < tokens.length * DIMENSIONS; at++) {
                mean[at % DIMENSIONS] += states.floatAt(at);
            }
        }
        double squares = 0;
        for (double x : mean) {
            squares += x * x;
        }
        for (int i = 0; i < DIMENSIONS; i++) {
            mean[i] /= Math.sqrt(squares);
        }
        return mean;
    }
}
