package tensorlink.compute;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tools.jackson.databind.json.JsonMapper;

/**
 * The committed checkpoints with results computed by torch; see make_goldens.py in src/test/parity.
 */
public final class Goldens {
    private Goldens() {}

    public static Path folder(String name) {
        var url = Goldens.class.getResource("/parity/" + name);
        if (url == null) {
            throw new IllegalArgumentException("no golden " + name);
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** A file of tensors that torch computed, such as {@code /training/golden.safetensors}. */
    public static Weights open(String resource) throws IOException {
        var url = Goldens.class.getResource(resource);
        if (url == null) {
            throw new IllegalArgumentException("no golden " + resource);
        }
        try {
            return Safetensors.open(Path.of(url.toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** A tensor of a file, which the caller closes. */
    public static Tensor tensor(Weights weights, String name)
            throws IOException, InterruptedException {
        for (var spec : weights.tensors()) {
            if (spec.name().equals(name)) {
                var tensor = Tensor.allocate(spec.dtype(), spec.shape());
                weights.read(name, 0, tensor.data());
                return tensor;
            }
        }
        throw new IllegalArgumentException("no golden " + name);
    }

    static byte[] bytes(String file) {
        int slash = file.indexOf('/');
        try {
            return Files.readAllBytes(
                    folder(file.substring(0, slash)).resolve(file.substring(slash + 1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The shape of every parameter's gradient, by the parameter's name. */
    static Map<String, Shape> gradientShapes(String name) {
        var file = ByteBuffer.wrap(bytes(name + "/golden.safetensors"));
        var header = new byte[(int) file.order(ByteOrder.LITTLE_ENDIAN).getLong()];
        file.get(header);
        var shapes = new HashMap<String, Shape>();
        for (var entry : new JsonMapper().readTree(header).properties()) {
            if (entry.getKey().startsWith("grad.")) {
                var axes = new ArrayList<Long>();
                entry.getValue().get("shape").forEach(axis -> axes.add(axis.longValue()));
                shapes.put(entry.getKey().substring("grad.".length()), new Shape(axes));
            }
        }
        return shapes;
    }
}
