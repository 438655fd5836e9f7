package tensorlink.compute.parity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tensorlink.compute.Architecture;
import tensorlink.compute.Batch;
import tensorlink.compute.GraphModel;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Rows;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/**
 * What PyTorch computed for a model: {@code golden.safetensors} beside the model's files, with
 * {@code input_ids} and {@code logits}; with {@code labels}, {@code loss}, {@code grad.<parameter>}
 * and {@code adamw_losses} where the model has a loss; of causal models with {@code greedy}, of
 * others with {@code attention_mask} and, where texts have segments, {@code token_type_ids}.
 */
public final class Golden {
    static final int PROMPT = 16;

    private static final String FILE = "golden.safetensors";
    private static final String GRADIENT = "grad.";
    private static final String INPUT = "input.";
    private static final long BYTES_MAX = 1L << 30;

    private final String source;
    private final Architecture architecture;
    private final Weights values;
    private final Map<String, TensorSpec> specs = new HashMap<>();

    private Golden(String source, Architecture architecture, Weights values) {
        this.source = source;
        this.architecture = architecture;
        this.values = values;
        for (var spec : values.tensors()) {
            specs.put(spec.name(), spec);
        }
    }

    /**
     * Opens the results in a model's folder.
     *
     * @param architecture the model's
     * @throws ModelFormatException when there are none, or they are not those of such a model
     */
    public static Golden open(Path folder, Architecture architecture) throws IOException {
        var file = folder.resolve(FILE);
        var golden = new Golden(file.toString(), architecture, Safetensors.open(file));
        switch (architecture) {
            case ModelConfig config -> golden.requireResults(config);
            case GraphModel graph -> golden.requireResults(graph);
        }
        return golden;
    }

    private void requireResults(GraphModel graph) throws ModelFormatException {
        for (var input : graph.graph().inputs()) {
            require(
                    INPUT + input.name(),
                    input.ids() > 0 ? DType.I64 : DType.F32,
                    input.shape().rank() + 1);
        }
        require("logits", DType.F32, graph.graph().result().rank() + 1);
        require("labels", graph.labelType(), 2);
        require("loss", DType.F32, 1);
        require("adamw_losses", DType.F32, 1);
    }

    private void requireResults(ModelConfig config) throws ModelFormatException {
        require("input_ids", DType.I64, 2);
        boolean ofRows = config.task().ofRows();
        require("logits", DType.F32, ofRows ? 2 : 3);
        if (hasLoss()) {
            boolean numbers = config.task().kind() == Task.Kind.REGRESSION;
            require("labels", numbers ? DType.F32 : DType.I64, ofRows && !numbers ? 1 : 2);
            require("loss", DType.F32, 1);
            require("adamw_losses", DType.F32, 1);
        }
        if (config.causal()) {
            require("greedy", DType.I64, 2);
        } else {
            require("attention_mask", DType.I64, 2);
        }
    }

    boolean hasLoss() {
        return architecture.task().kind() != Task.Kind.FEATURES;
    }

    boolean generates() {
        return architecture.causal();
    }

    private TensorSpec require(String name, DType dtype, int rank) throws ModelFormatException {
        var spec = specs.get(name);
        if (spec == null) {
            throw new ModelFormatException(
                    source, "no " + name + ": not of a model for " + architecture.task());
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
        var kind = architecture.task().kind();
        Rows labels =
                kind == Task.Kind.REGRESSION
                        ? numbers("labels")
                        : architecture.labelType() == DType.I64
                                ? tokens("labels")
                                : values("labels");
        return new Batch(inputs(), labels, kind);
    }

    /** What the first stage takes. */
    public Rows inputs() throws IOException, InterruptedException {
        return switch (architecture) {
            case ModelConfig config -> inputs(config);
            case GraphModel graph -> inputs(graph);
        };
    }

    private Values inputs(GraphModel graph) throws IOException, InterruptedException {
        var inputs = new ArrayList<Rows>();
        for (var input : graph.graph().inputs()) {
            var name = INPUT + input.name();
            inputs.add(input.ids() > 0 ? tokens(name) : values(name));
        }
        return Values.beside(inputs);
    }

    private Tokens inputs(ModelConfig config) throws IOException, InterruptedException {
        var ids = tokens("input_ids");
        if (config.causal()) {
            return ids;
        }
        var mask = tokens("attention_mask");
        var segments = specs.containsKey("token_type_ids") ? tokens("token_type_ids") : null;
        var rows = new long[ids.rows()][ids.length()];
        for (int row = 0; row < rows.length; row++) {
            for (int t = 0; t < ids.length(); t++) {
                long segment = segments == null ? 0 : segments.at(row, t);
                boolean there = mask.at(row, t) != 0;
                rows[row][t] =
                        there ? ids.at(row, t) + segment * config.vocabulary() : Tokens.PADDING;
            }
        }
        return Tokens.of(rows);
    }

    Tensor logits() throws IOException, InterruptedException {
        var spec = specs.get("logits");
        return read("logits", DType.F32, spec == null ? 0 : spec.shape().rank());
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
        var spec = specs.get(name);
        int rank = spec == null ? 2 : Math.min(2, spec.shape().rank());
        try (var tensor = read(name, DType.I64, rank)) {
            int length = rank == 2 ? (int) tensor.shape().axis(1) : 1;
            var rows = new long[(int) tensor.shape().axis(0)][length];
            for (int i = 0; i < tensor.elements(); i++) {
                rows[i / length][i % length] = tensor.longAt(i);
            }
            return Tokens.of(rows);
        }
    }

    private Values values(String name) throws IOException, InterruptedException {
        var spec = specs.get(name);
        try (var tensor = read(name, DType.F32, spec == null ? 2 : spec.shape().rank())) {
            var all = new float[(int) tensor.elements()];
            for (int i = 0; i < all.length; i++) {
                all[i] = tensor.floatAt(i);
            }
            return Values.of(all.length / (int) tensor.shape().axis(0), all);
        }
    }

    private Tokens numbers(String name) throws IOException, InterruptedException {
        try (var tensor = read(name, DType.F32, 2)) {
            int length = (int) tensor.shape().axis(1);
            var rows = new float[(int) tensor.shape().axis(0)][length];
            for (int i = 0; i < tensor.elements(); i++) {
                rows[i / length][i % length] = tensor.floatAt(i);
            }
            return Tokens.ofNumbers(rows);
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
