package tensorlink.compute;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.compute.format.AtomicFile;
import tensorlink.compute.format.JoinedWeights;
import tensorlink.compute.format.ModelFile;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.tokenizer.Tokenizer;

/**
 * What is computed: an architecture, weights that fit it, and a tokenizer if there is one. Weights
 * are read when a stage opens, so a model is small however large its weights.
 *
 * @param name what people call it
 */
public record Model(
        String name, Architecture architecture, Weights weights, Optional<Tokenizer> tokenizer) {
    private static final String CONFIG = "config.json";
    private static final String GRAPH = "graph.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final String TOKENIZER = "tokenizer.json";

    /**
     * Opens a Hugging Face folder: {@code config.json}, safetensors in one file or several, and
     * {@code tokenizer.json} if any. With {@code graph.json} instead, it is a layer graph.
     *
     * @throws tensorlink.compute.format.ModelFormatException when a file is malformed, or the
     *     weights are not those of the configuration
     */
    public static Model load(Path folder) throws IOException {
        if (ModelFile.exists(folder, GRAPH)) {
            return loadGraph(folder);
        }
        var file = ModelFile.in(folder, CONFIG);
        var config = ModelConfig.parse(file.toString(), file.bytes(ModelConfig.JSON_BYTES_MAX));
        var weights = config.named(Safetensors.openFolder(folder));
        config.requireTensors(folder.toString(), config.allLayers(), weights);
        Optional<Tokenizer> tokenizer = Optional.empty();
        if (ModelFile.exists(folder, TOKENIZER)) {
            var json = ModelFile.in(folder, TOKENIZER);
            tokenizer =
                    Optional.of(
                            Tokenizer.parse(json.toString(), json.bytes(Tokenizer.JSON_BYTES_MAX)));
        }
        return new Model(nameOf(folder), config, weights, tokenizer);
    }

    private static Model loadGraph(Path folder) throws IOException {
        var file = ModelFile.in(folder, GRAPH);
        var graph = GraphModel.parse(file.toString(), file.bytes(Architecture.JSON_BYTES_MAX));
        var weights = Safetensors.openFolder(folder);
        graph.requireTensors(folder.toString(), graph.allLayers(), weights);
        return new Model(nameOf(folder), graph, weights, Optional.empty());
    }

    private static String nameOf(Path folder) {
        var name = folder.toAbsolutePath().normalize().getFileName();
        return name == null ? "model" : name.toString();
    }

    /**
     * A model that has learned nothing: weights drawn from a normal distribution of standard
     * deviation {@link ModelConfig#initializerRange}, norms 1, biases 0. Equal seeds give equal
     * bits on any machine.
     */
    public static Model initialize(ModelConfig config, Tokenizer tokenizer, long seed) {
        if (tokenizer.vocabularySize() > config.vocabulary()) {
            throw new IllegalArgumentException(
                    "tokens up to "
                            + tokenizer.vocabularySize()
                            + ", vocabulary "
                            + config.vocabulary());
        }
        return new Model("fresh", config, FreshWeights.of(config, seed), Optional.of(tokenizer));
    }

    /** A graph that has learned nothing, with the initial values that PyTorch would draw from. */
    public static Model initialize(LayerGraph graph, long seed) {
        return new Model(
                "fresh", new GraphModel(graph), FreshWeights.of(graph, seed), Optional.empty());
    }

    /**
     * What the model is, where it is a transformer.
     *
     * @throws IllegalArgumentException when it is a layer graph
     */
    public ModelConfig config() {
        return switch (architecture) {
            case ModelConfig config -> config;
            case GraphModel(var graph) ->
                    throw new IllegalArgumentException(
                            name + " is " + graph + ", not a transformer");
        };
    }

    public long parameterCount() {
        return architecture.parameterCount();
    }

    /** The same model, to be trained without dropout. */
    public Model withoutDropout() {
        return switch (architecture) {
            case ModelConfig config -> new Model(name, config.withoutDropout(), weights, tokenizer);
            case GraphModel ignored -> this;
        };
    }

    /**
     * The same encoder for another task: what is known of its head stays, the rest is fresh, as by
     * {@link #initialize}.
     *
     * @throws IllegalArgumentException when no model of its family is for that
     */
    public Model withTask(Task task, long seed) {
        var other = config().withTask(task);
        var known = other.named(weights.widened());
        var all = new JoinedWeights(List.of(known, FreshWeights.of(other, seed)));
        return new Model(name, other, new OwnTensors(other, all), tokenizer);
    }

    /**
     * The same model with fresh adapters beside some of its parts, for a training that leaves the
     * rest as it is: {@link Lora#base}.
     *
     * @throws IllegalArgumentException when a target names no linear part of its layers
     */
    public Model withLora(Lora lora, long seed) {
        var adapted = config().withLora(Optional.of(lora));
        var all = new JoinedWeights(List.of(weights.widened(), FreshWeights.of(adapted, seed)));
        return new Model(name, adapted, new OwnTensors(adapted, all), tokenizer);
    }

    /**
     * The same model with the adapters in {@code folder}, which PEFT or {@link #saveAdapters}
     * wrote: to be used, merged or trained on. What PEFT did besides, such as dropout of adapters
     * in training, is not done.
     *
     * @throws tensorlink.compute.format.ModelFormatException when a file is malformed, when they
     *     are of another kind than {@link Lora} or of another model, naming what does not fit
     * @throws IllegalArgumentException when this model has adapters already
     */
    public Model withAdapters(Path folder) throws IOException {
        if (config().block().lora().isPresent()) {
            throw new IllegalArgumentException(name + " has adapters already");
        }
        var file = ModelFile.in(folder, AdapterFiles.CONFIG);
        var settings = PeftConfig.parse(file.toString(), file.bytes(PeftConfig.BYTES_MAX));
        var adapted = settings.applied(file.toString(), config());
        var saved = folder.resolve(AdapterFiles.WEIGHTS);
        var adapters = PeftWeights.open(saved);
        settings.requireTensors(saved.toString(), adapted, adapters);
        var all = new JoinedWeights(List.of(adapters, weights.widened()));
        return new Model(name, adapted, new OwnTensors(adapted, all), tokenizer);
    }

    /**
     * The same model without adapters, which its weights have taken up; itself where there are
     * none.
     */
    public Model merged() {
        if (!(architecture instanceof ModelConfig config) || config.block().lora().isEmpty()) {
            return this;
        }
        return new Model(
                name,
                config.withLora(Optional.empty()),
                new MergedWeights(config, weights.widened()),
                tokenizer);
    }

    /**
     * Writes the adapters of {@link #withLora} as PEFT does, creating the folder if need be: {@code
     * adapter_model.safetensors} and {@code adapter_config.json}.
     *
     * @throws IllegalArgumentException when there are none
     */
    public void saveAdapters(Path folder) throws IOException, InterruptedException {
        var adapters = new AdapterFiles(name, config());
        Files.createDirectories(folder);
        Safetensors.write(
                folder.resolve(AdapterFiles.WEIGHTS),
                adapters.weights(weights.widened()),
                Map.of("format", "pt"));
        AtomicFile.write(folder.resolve(AdapterFiles.CONFIG), adapters.json());
    }

    /** The same model with other weights of the same shapes. */
    public Model withWeights(Weights other) {
        return new Model(name, architecture, other, tokenizer);
    }

    /**
     * Writes a folder that {@link #load} opens, and of a transformer anything else, creating it if
     * need be. Each file appears complete or not at all, the configuration last; files of other
     * names stay.
     */
    public void save(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Safetensors.write(
                folder.resolve(WEIGHTS),
                new OwnTensors(architecture, weights.widened()),
                Map.of("format", "pt"));
        if (tokenizer.isPresent()) {
            AtomicFile.write(folder.resolve(TOKENIZER), tokenizer.get().json());
        } else {
            Files.deleteIfExists(folder.resolve(TOKENIZER));
        }
        AtomicFile.write(folder.resolve(architectureFile()), architecture.json());
    }

    private String architectureFile() {
        return switch (architecture) {
            case ModelConfig ignored -> CONFIG;
            case GraphModel ignored -> GRAPH;
        };
    }
}
