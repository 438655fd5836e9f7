package tensorlink.compute.parity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.Batch;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What PyTorch computed for a causal model: {@code golden.safetensors} beside the model's files,
 * with {@code input_ids}, {@code labels}, {@code logits}, {@code loss}, {@code grad.<parameter>},
 * {@code adamw_losses} and {@code greedy}.
 */
public final class Golden {
    static final int PROMPT = 16;

    private static final String FILE = "golden.safetensors";
    private static final String GRADIENT = "grad.";
    private static final long BYTES_MAX = 1L << 30;

    private final String source;
    private final Weights values;
    private final Map<String, TensorSpec> specs = new HashMap<>();

    private Golden(String source, Weights values) {
        this.source = source;
        this.values = values;
        for (var spec : values.tensors()) {
            specs.put(spec.name(), spec);
        }
    }

    /**
     * Opens the results in a model's folder.
     *
     * @throws ModelFormatException when there are none, or they are not those of a causal model
     */
    public static Golden open(Path folder) throws IOException {
        var file = folder.resolve(FILE);
        var golden = new Golden(file.toString(), Safetensors.open(file));
        for (var name : List.of("input_ids", "labels", "greedy")) {
            golden.require(name, DType.I64, 2);
        }
        golden.require("logits", DType.F32, 3);
        golden.require("loss", DType.F32, 1);
        golden.require("adamw_losses", DType.F32, 1);
        return golden;
    }

    private TensorSpec require(String name, DType dtype, int rank) throws ModelFormatException {
        var spec = specs.get(name);
        if (spec == null) {
            throw new ModelFormatException(source, "no " + name + ": not of a causal model");
        }
        if (spec.dtype() != dtype || spec.shape().rank() != rank) {
            throw new ModelFormatException(
                    source,
                    name + ": expected " + dtype + " of rank " + rank + ", found " + spec.shape());
        }
        if (spec.byteSize() > BYTES_MAX) {
            throw new ModelFormatException(
                    source, name + ": " + spec.byteSize() + " bytes, limit " + BYTES_MAX);
        }
        return spec;
    }

    public Batch batch() throws IOException, InterruptedException {
        return new Batch(tokens("input_ids"), tokens("labels"));
    }

    Tensor logits() throws IOException, InterruptedException {
        return read("logits", DType.F32, 3);
    }

    float loss() throws IOException, InterruptedException {
        return floats("loss").getFirst();
    }

    /** The loss before each step. */
    List<Float> adamwLosses() throws IOException, InterruptedException {
        return floats("adamw_losses");
    }

    /** A prompt of {@value #PROMPT} tokens and what follows it. */
    public List<Integer> greedy() throws IOException, InterruptedException {
        var row = tokens("greedy");
        var ids = new ArrayList<Integer>();
        for (int i = 0; i < row.length(); i++) {
            ids.add((int) row.at(0, i));
        }
        if (ids.size() <= PROMPT) {
            throw new ModelFormatException(source, "greedy: " + ids.size() + " tokens");
        }
        return ids;
    }

    /** The parameters that have a gradient. */
    List<String> parameters() {
        return values.tensors().stream()
                .map(TensorSpec::name)
                .filter(name -> name.startsWith(GRADIENT))
                .map(name -> name.substring(GRADIENT.length()))
                .toList();
    }

    Tensor gradient(String parameter) throws IOException, InterruptedException {
        var name = GRADIENT + parameter;
        var spec = specs.get(name);
        return read(name, DType.F32, spec == null ? 0 : spec.shape().rank());
    }

    private Tokens tokens(String name) throws IOException, InterruptedException {
        try (var tensor = read(name, DType.I64, 2)) {
            int length = (int) tensor.shape().axis(1);
            var rows = new long[(int) tensor.shape().axis(0)][length];
            for (int i = 0; i < tensor.elements(); i++) {
                rows[i / length][i % length] = tensor.longAt(i);
            }
            return Tokens.of(rows);
        }
    }

    private List<Float> floats(String name) throws IOException, InterruptedException {
        try (var tensor = read(name, DType.F32, 1)) {
            var floats = new ArrayList<Float>();
            for (int i = 0; i < tensor.elements(); i++) {
                floats.add(tensor.floatAt(i));
            }
            return floats;
        }
    }

    private Tensor read(String name, DType dtype, int rank)
            throws IOException, InterruptedException {
        var spec = require(name, dtype, rank);
        var tensor = Tensor.allocate(dtype, spec.shape());
        boolean read = false;
        try {
            values.read(name, 0, tensor.data());
            read = true;
            return tensor;
        } finally {
            if (!read) {
                tensor.close();
            }
        }
    }
}
