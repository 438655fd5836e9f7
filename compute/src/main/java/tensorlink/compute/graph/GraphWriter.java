package tensorlink.compute.graph;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Locale;
import tensorlink.compute.tensor.Shape;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes every field, in one order. */
final class GraphWriter {
    private final JsonGenerator json;

    private GraphWriter(JsonGenerator json) {
        this.json = json;
    }

    static byte[] write(LayerGraph graph) {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            new GraphWriter(json).graph(graph);
        }
        return bytes.toByteArray();
    }

    private void graph(LayerGraph graph) {
        json.writeStartObject();
        json.writeStringProperty("format", GraphReader.FORMAT);
        json.writeNumberProperty("version", GraphReader.VERSION);
        json.writeArrayPropertyStart("inputs");
        for (var input : graph.inputs()) {
            json.writeStartObject();
            json.writeStringProperty("name", input.name());
            integers("shape", input.shape());
            if (input.ids() > 0) {
                json.writeNumberProperty("ids", input.ids());
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("nodes");
        for (var node : graph.nodes()) {
            json.writeStartObject();
            json.writeStringProperty("name", node.name());
            operator(node.operator());
            json.writeArrayPropertyStart("inputs");
            for (var input : node.inputs()) {
                json.writeString(input);
            }
            json.writeEndArray();
            node.shares().ifPresent(owner -> json.writeStringProperty("shares", owner));
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeStringProperty("loss", graph.loss().text());
        json.writeEndObject();
    }

    private void operator(Operator operator) {
        switch (operator) {
            case Operator.Linear(int features, boolean bias) -> {
                op("linear");
                json.writeNumberProperty("features", features);
                json.writeBooleanProperty("bias", bias);
            }
            case Operator.Conv2d(var channels, var kernel, var stride, var padding, var bias) -> {
                op("conv2d");
                json.writeNumberProperty("channels", channels);
                windows(kernel, stride, padding);
                json.writeBooleanProperty("bias", bias);
            }
            case Operator.Pool2d(var kind, var kernel, var stride, var padding) -> {
                op(kind.name().toLowerCase(Locale.ROOT) + "_pool2d");
                windows(kernel, stride, padding);
            }
            case Operator.LayerNorm(double epsilon) -> {
                op("layer_norm");
                json.writeNumberProperty("epsilon", epsilon);
            }
            case Operator.BatchNorm(double epsilon, double momentum) -> {
                op("batch_norm");
                json.writeNumberProperty("epsilon", epsilon);
                json.writeNumberProperty("momentum", momentum);
            }
            case Operator.Activation(var kind) -> op(kind.name().toLowerCase(Locale.ROOT));
            case Operator.Softmax() -> op("softmax");
            case Operator.Pairwise(var kind) -> op(kind.name().toLowerCase(Locale.ROOT));
            case Operator.Scale(double factor) -> {
                op("scale");
                json.writeNumberProperty("factor", factor);
            }
            case Operator.Dropout(double rate) -> {
                op("dropout");
                json.writeNumberProperty("rate", rate);
            }
            case Operator.Reshape(var shape) -> {
                op("reshape");
                integers("shape", shape);
            }
            case Operator.Flatten() -> op("flatten");
            case Operator.Transpose(var axes) -> {
                op("transpose");
                integers("axes", axes);
            }
            case Operator.Concat(int axis) -> {
                op("concat");
                json.writeNumberProperty("axis", axis);
            }
            case Operator.Mean(var axes) -> {
                op("mean");
                integers("axes", axes);
            }
            case Operator.Select(int index) -> {
                op("select");
                json.writeNumberProperty("index", index);
            }
            case Operator.Embedding(int width) -> {
                op("embedding");
                json.writeNumberProperty("width", width);
            }
            case Operator.Positions() -> op("positions");
            case Operator.TokenMask(int padding) -> {
                op("token_mask");
                json.writeNumberProperty("padding", padding);
            }
            case Operator.Attention(int heads, boolean causal) -> {
                op("attention");
                json.writeNumberProperty("heads", heads);
                json.writeBooleanProperty("causal", causal);
            }
        }
    }

    private void op(String name) {
        json.writeStringProperty("op", name);
    }

    private void windows(Operator.Size kernel, Operator.Size stride, Operator.Size padding) {
        integers("kernel", List.of(kernel.height(), kernel.width()));
        integers("stride", List.of(stride.height(), stride.width()));
        integers("padding", List.of(padding.height(), padding.width()));
    }

    private void integers(String key, Shape shape) {
        json.writeArrayPropertyStart(key);
        for (long axis : shape.axes()) {
            json.writeNumber(axis);
        }
        json.writeEndArray();
    }

    private void integers(String key, List<Integer> values) {
        json.writeArrayPropertyStart(key);
        for (int value : values) {
            json.writeNumber(value);
        }
        json.writeEndArray();
    }
}
