package tensorlink.jobs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.tensor.TensorSpec;

/**
 * A part of a model, as PyTorch would name it: {@code model.layers.0.mlp}. Parts without
 * parameters, such as activations, have no name here and are not listed.
 *
 * @param name within the part that holds it; the whole model's is empty
 * @param path its name within the whole model
 * @param parameters all of them, under their names within the whole model
 */
public record RemoteModule(String name, String path, List<TensorSpec> parameters) {
    public RemoteModule {
        parameters = List.copyOf(parameters);
    }

    /** The parts that are directly in this one, in the order of the model. */
    public List<RemoteModule> children() {
        var parts = new LinkedHashMap<String, List<TensorSpec>>();
        for (var parameter : parameters) {
            var rest =
                    path.isEmpty()
                            ? parameter.name()
                            : parameter.name().substring(path.length() + 1);
            int dot = rest.indexOf('.');
            if (dot > 0) {
                parts.computeIfAbsent(rest.substring(0, dot), _ -> new ArrayList<>())
                        .add(parameter);
            }
        }
        var children = new ArrayList<RemoteModule>();
        for (Map.Entry<String, List<TensorSpec>> part : parts.entrySet()) {
            var child = path.isEmpty() ? part.getKey() : path + "." + part.getKey();
            children.add(new RemoteModule(part.getKey(), child, part.getValue()));
        }
        return children;
    }

    /** How many numbers its parameters are. */
    public long parameterCount() {
        long count = 0;
        for (var parameter : parameters) {
            count += parameter.shape().elements();
        }
        return count;
    }
}
