package tensorlink.compute.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.stream.Stream;
import tensorlink.compute.AnyFile;
import tensorlink.compute.format.ModelFormatException;

/** A layer graph; what is understood is written and understood again. */
class GraphInputTest extends AnyFile {
    @Override
    protected Stream<byte[]> inputs() throws IOException {
        return Stream.concat(files("/parity", "graph.json"), files("/bad/graph", ".json"));
    }

    @Override
    protected String outcome(byte[] content) throws IOException {
        LayerGraph graph;
        try {
            graph = LayerGraph.parse("x", content);
        } catch (ModelFormatException bad) {
            return String.valueOf(bad.getMessage());
        }
        assertThat(LayerGraph.parse("again", graph.json())).isEqualTo(graph);
        return graph.toString();
    }
}
