package tensorlink.compute.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.Goldens;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;

class LayerGraphTest {

    @Test
    void infers_shapes_and_names_its_tensors_as_pytorch_does() {
        var graph = residual();

        assertThat(graph.result()).isEqualTo(Shape.of(10));
        assertThat(graph.tensors(0))
                .containsExactly(
                        new TensorSpec("stem.weight", DType.F32, Shape.of(4, 1, 3, 3)),
                        new TensorSpec("stem.bias", DType.F32, Shape.of(4)));
        assertThat(graph.tensors(4))
                .contains(new TensorSpec("head.weight", DType.F32, Shape.of(10, 4 * 6 * 6)));
    }

    @Test
    void what_crosses_a_cut_is_what_nodes_behind_it_need() {
        var graph = residual();

        assertThat(graph.crossing(0)).extracting(graph::name).containsExactly("image");
        assertThat(graph.crossing(1)).extracting(graph::name).containsExactly("stem");
        assertThat(graph.crossing(2)).extracting(graph::name).containsExactly("stem", "inner");
        assertThat(graph.crossing(3)).extracting(graph::name).containsExactly("sum");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"graph-mlp", "graph-cnn", "graph-seq2seq", "graph-reshaped", "graph-shared"})
    void its_text_reads_back_as_itself_and_is_the_same_however_it_was_written(String name)
            throws Exception {
        var text = Files.readAllBytes(Goldens.folder(name).resolve("graph.json"));

        var graph = LayerGraph.parse("graph.json", text);

        var again = LayerGraph.parse("again", graph.json());
        assertThat(again).isEqualTo(graph);
        assertThat(again.json()).isEqualTo(graph.json());
    }

    @Test
    void a_node_may_have_the_tensors_of_one_before_and_then_they_are_not_parted() {
        var graph = LayerGraph.builder();
        var x = graph.linear("stem", graph.input("x", 4), 8);
        x = graph.linear("mix", x, 8);
        x = graph.activation("act", x, Operator.Activation.Function.RELU);
        x = graph.sharing("again", new Operator.Linear(8, true), "mix", x);
        graph.linear("head", x, 3);
        var shared = graph.build(GraphLoss.CROSS_ENTROPY);

        assertThat(shared.tensors(3)).isEqualTo(shared.tensors(1));
        assertThat(IntStream.rangeClosed(0, 5).filter(shared::separable))
                .containsExactly(0, 1, 4, 5);
    }

    @Test
    void the_builder_refuses_what_the_text_would() {
        var graph = LayerGraph.builder();
        graph.linear("head", graph.input("x", 4, 0), 3);

        assertThatThrownBy(() -> graph.build(GraphLoss.CROSS_ENTROPY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("input \"x\": shape [4, 0]: an axis of 0, at least 1");
    }

    @Test
    void any_change_of_a_text_gives_a_graph_or_a_typed_error() throws Exception {
        for (var name : List.of("graph-mlp", "graph-cnn", "graph-seq2seq", "graph-shared")) {
            var text = Files.readAllBytes(Goldens.folder(name).resolve("graph.json"));
            for (int seed = 0; seed < 2_000; seed++) {
                var changed = changed(text, new Random(seed));
                try {
                    var graph = LayerGraph.parse("changed", changed);
                    assertThat(LayerGraph.parse("again", graph.json())).isEqualTo(graph);
                } catch (ModelFormatException typed) {
                    assertThat(typed)
                            .as("seed %s of %s", seed, name)
                            .hasMessageStartingWith("changed: ");
                }
            }
        }
    }

    private static byte[] changed(byte[] text, Random random) {
        var bytes = text.clone();
        var alphabet = "0123456789-.,:[]{}\"eE".getBytes(StandardCharsets.US_ASCII);
        for (int change = random.nextInt(3); change >= 0; change--) {
            bytes[random.nextInt(bytes.length)] = alphabet[random.nextInt(alphabet.length)];
        }
        return bytes;
    }

    private static LayerGraph residual() {
        var graph = LayerGraph.builder();
        var stem = graph.conv2d("stem", graph.input("image", 1, 6, 6), 4, 3, 1, 1);
        var inner = graph.conv2d("inner", stem, 4, 3, 1, 1);
        var sum = graph.add("sum", stem, inner);
        graph.node(
                "head",
                new Operator.Linear(10, true),
                graph.node("flat", new Operator.Flatten(), sum));
        return graph.build(GraphLoss.CROSS_ENTROPY);
    }
}
