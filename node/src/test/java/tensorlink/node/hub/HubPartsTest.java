package tensorlink.node.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.LayerRange;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.format.Weights;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.TensorSpec;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Publication;
import tensorlink.node.Home;
import tensorlink.node.Network;
import tensorlink.node.UserNode;
import tensorlink.node.ValidatorNode;
import tensorlink.node.WorkerNode;
import tensorlink.p2p.core.Scheduler;

/** Of a published model a worker fetches its own layers, and believes the user's digests only. */
@Timeout(120)
class HubPartsTest {
    private static final String FIRST = "model-00001-of-00002.safetensors";
    private static final String SECOND = "model-00002-of-00002.safetensors";
    private static final ModelConfig CONFIG = ModelConfig.llama(64, 4, 260, 128);
    private static final Publication PUBLICATION = new Publication("lab", "small", StandIn.COMMIT);

    @TempDir private Path temporary;

    @Test
    void only_headers_and_the_ranges_of_the_layers_are_asked_for() throws Exception {
        var model = model(1);
        var middle = new LayerRange(1, 3);
        try (var standIn = new StandIn(single(model))) {
            var watched = new ArrayList<Long>();

            try (var weights = parts(standIn).fetch(PUBLICATION, shapes(middle), watched::add)) {
                assertThat(names(weights))
                        .containsExactlyInAnyOrderElementsOf(
                                CONFIG.tensors(middle).stream().map(TensorSpec::name).toList());
                for (var tensor : weights.tensors()) {
                    assertThat(bytes(weights, tensor)).isEqualTo(bytes(model.weights(), tensor));
                }
            }

            long header = headerBytes(file(single(model), Safetensors.SINGLE));
            assertThat(standIn.bytesSent()).isEqualTo(header + byteSize(middle));
            assertThat(watched).isSorted().endsWith(standIn.bytesSent());
            assertThat(standIn.asked())
                    .as("neighbours are asked for together")
                    .hasSizeLessThan(2 + CONFIG.tensors(middle).size())
                    .allMatch(it -> it.startsWith(Safetensors.SINGLE + " bytes="));
            try (var left = Files.list(temporary.resolve("hub"))) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void of_several_files_those_without_a_wanted_layer_are_not_touched() throws Exception {
        var files = sharded(model(1));
        try (var standIn = new StandIn(files)) {
            try (var weights =
                    parts(standIn).fetch(PUBLICATION, shapes(new LayerRange(0, 1)), _ -> {})) {
                assertThat(weights.tensors()).hasSameSizeAs(CONFIG.tensors(new LayerRange(0, 1)));
            }

            assertThat(standIn.asked()).noneMatch(it -> it.startsWith(SECOND));
            assertThat(standIn.bytesSent())
                    .isEqualTo(
                            file(files, Safetensors.INDEX).length
                                    + headerBytes(file(files, FIRST))
                                    + byteSize(new LayerRange(0, 1)));
        }
    }

    @Test
    void a_fetch_that_was_cut_off_is_gone_on_with() throws Exception {
        var model = model(1);
        var all = CONFIG.allLayers();
        var content = single(model);
        long header = headerBytes(file(content, Safetensors.SINGLE));
        try (var standIn = new StandIn(content)) {
            standIn.answer((exchange, bytes, range) ->
                    StandIn.cut(exchange, bytes, range, HubParts.PIECE_BYTES));
            var parts = parts(standIn);
            assertThatThrownBy(() ->
                            parts.fetch(
                                    PUBLICATION,
                                    shapes(all),
                                    bytes -> {
                                        if (bytes >= header + HubParts.PIECE_BYTES) {
                                            throw over();
                                        }
                                    }))
                    .isInstanceOf(JobException.class);
            int before = standIn.asked().size();
            standIn.answer(StandIn::right);

            try (var weights = parts(standIn).fetch(PUBLICATION, shapes(all), _ -> {})) {
                for (var tensor : weights.tensors()) {
                    assertThat(bytes(weights, tensor)).isEqualTo(bytes(model.weights(), tensor));
                }
            }

            assertThat(standIn.asked().subList(before, standIn.asked().size()))
                    .containsExactly(
                            Safetensors.SINGLE
                                    + " bytes="
                                    + (header + HubParts.PIECE_BYTES)
                                    + "-"
                                    + (file(content, Safetensors.SINGLE).length - 1));
        }
    }

    @Test
    void a_hub_that_gives_less_than_it_says_is_given_up() throws Exception {
        try (var standIn = new StandIn(single(model(1)))) {
            standIn.answer((exchange, bytes, range) -> StandIn.cut(exchange, bytes, range, 1));

            refused(standIn, "a range ends after 0 of 8 bytes");
        }
    }

    @Test
    void a_hub_without_ranges_is_not_asked_for_everything() throws Exception {
        try (var standIn = new StandIn(single(model(1)))) {
            standIn.answer((exchange, bytes, range) -> StandIn.send(exchange, 200, bytes));

            refused(standIn, "Content-Range: expected bytes 0-7/");
        }
    }

    @Test
    void a_header_of_impossible_length_is_not_fetched() throws Exception {
        var content = single(model(1));
        ByteBuffer.wrap(file(content, Safetensors.SINGLE))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, HubParts.HEADERS_BYTES_MAX + 1);
        try (var standIn = new StandIn(content)) {
            refused(standIn, "header of 16777217 bytes, expected 2 to ");
            assertThat(standIn.bytesSent()).isEqualTo(8);
        }
    }

    @Test
    void tensors_of_another_shape_are_not_fetched() throws Exception {
        var content = single(model(1));
        try (var standIn = new StandIn(content)) {
            var wanted = Map.of("model.norm.weight", Shape.of(65));

            try (var weights = parts(standIn).fetch(PUBLICATION, wanted, _ -> {})) {
                assertThat(weights.tensors()).isEmpty();
            }
            assertThat(standIn.bytesSent())
                    .isEqualTo(headerBytes(file(content, Safetensors.SINGLE)));
        }
    }

    @Test
    void a_plans_worker_has_its_layers_from_the_hub_and_computes_the_same() throws Exception {
        var start = model(1);
        try (var standIn = new StandIn(single(start))) {
            trainOn(standIn, start);

            long header = headerBytes(file(single(start), Safetensors.SINGLE));
            assertThat(standIn.bytesSent())
                    .as("the worker's layers, not the user's")
                    .isEqualTo(header + byteSize(new LayerRange(1, 3)));
        }
    }

    @Test
    void what_is_published_otherwise_comes_from_the_user() throws Exception {
        try (var standIn = new StandIn(single(model(2)))) {
            trainOn(standIn, model(1));

            assertThat(standIn.bytesSent()).isPositive();
        }
    }

    @Test
    void a_hub_that_fails_costs_nothing_but_its_part() throws Exception {
        try (var standIn = new StandIn(single(model(1)))) {
            standIn.answer((exchange, bytes, range) -> StandIn.send(exchange, 500, new byte[0]));

            trainOn(standIn, model(1));
        }
    }

    /** Trains with the middle layers on a worker; the bits are those of one process. */
    private void trainOn(StandIn standIn, Model start) throws Exception {
        var batch = Batch.of(Tokens.of(new long[][] {{1, 2, 3, 4}, {5, 6, 7, 8}}));
        var rule = AdamW.lr(1e-2);
        try (var validator =
                        ValidatorNode.start(
                                Network.named("lab"),
                                Home.at(temporary.resolve("validator")),
                                ValidatorNode.Options.free());
                var _ =
                        WorkerNode.start(
                                Network.named("lab").via(validator.node().info()),
                                Home.at(temporary.resolve("worker")),
                                WorkerNode.Options.lend(256 << 20).hub(standIn.endpoint()));
                var user =
                        UserNode.join(
                                Network.named("lab").via(validator.node().info()),
                                Home.at(temporary.resolve("user")));
                var engine = TorchEngine.open();
                var alone = LocalRun.open(engine, start, 1, StageOptions.forTraining(1))) {
            var options =
                    JobOptions.training()
                            .workers(1)
                            .batch(2, 4)
                            .microBatches(2)
                            .here(1, 1)
                            .published(PUBLICATION);
            try (var model = user.createDistributedModel(start, options)) {
                var optimizer = model.optimizer(rule);
                optimizer.zeroGrad();
                var loss = model.forward(batch.inputs(), batch.labels());
                loss.backward();
                optimizer.step();
                alone.zeroGradients();

                assertThat(loss.value()).isEqualTo(alone.forwardBackward(batch, 2));
                alone.step(rule);
                assertThat(model.weightsDigest()).isEqualTo(alone.weightsDigest());
            }
        }
    }

    private void refused(StandIn standIn, String message) {
        assertThatThrownBy(() ->
                        parts(standIn).fetch(PUBLICATION, shapes(CONFIG.allLayers()), _ -> {}))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(message);
    }

    private HubParts parts(StandIn standIn) {
        return parts(standIn.endpoint());
    }

    private HubParts parts(URI endpoint) {
        return new HubParts(
                endpoint, temporary.resolve("hub"), Duration.ofSeconds(20), Scheduler.system());
    }

    private static JobException over() {
        return new JobException(ProblemCode.ENDED, "over", "", "");
    }

    private static Model model(long seed) {
        return Model.initialize(CONFIG, Tokenizer.bytes(), seed);
    }

    private Map<String, byte[]> single(Model model) throws Exception {
        var folder = Files.createTempDirectory(temporary, "made");
        model.save(folder);
        var files = new LinkedHashMap<String, byte[]>();
        for (var name : List.of("config.json", Safetensors.SINGLE)) {
            files.put(name, Files.readAllBytes(folder.resolve(name)));
        }
        return files;
    }

    /** The first two layers with the embedding in one file, the rest in another. */
    private Map<String, byte[]> sharded(Model model) throws Exception {
        var files = single(model);
        files.remove(Safetensors.SINGLE);
        var index = new ArrayList<String>();
        for (var range : List.of(new LayerRange(0, 2), new LayerRange(2, 4))) {
            var file = range.first() == 0 ? FIRST : SECOND;
            var path = temporary.resolve(file);
            Safetensors.write(path, new Some(model.weights(), CONFIG.tensors(range)), Map.of());
            files.put(file, Files.readAllBytes(path));
            for (var tensor : CONFIG.tensors(range)) {
                index.add("\"" + tensor.name() + "\":\"" + file + "\"");
            }
        }
        files.put(
                Safetensors.INDEX,
                ("{\"weight_map\":{" + String.join(",", index) + "}}")
                        .getBytes(StandardCharsets.UTF_8));
        return files;
    }

    private record Some(Weights all, List<TensorSpec> tensors) implements Weights {
        @Override
        public void read(String name, long offset, MemorySegment target)
                throws java.io.IOException, InterruptedException {
            all.read(name, offset, target);
        }
    }

    private static Map<String, Shape> shapes(LayerRange layers) {
        var shapes = new LinkedHashMap<String, Shape>();
        CONFIG.tensors(layers).forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
        return shapes;
    }

    private static long byteSize(LayerRange layers) {
        return CONFIG.tensors(layers).stream().mapToLong(TensorSpec::byteSize).sum();
    }

    private static byte[] file(Map<String, byte[]> files, String name) {
        return Objects.requireNonNull(files.get(name), name);
    }

    private static long headerBytes(byte[] file) {
        return Long.BYTES + ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    }

    private static List<String> names(Weights weights) {
        return weights.tensors().stream().map(TensorSpec::name).toList();
    }

    private static byte[] bytes(Weights weights, TensorSpec tensor) throws Exception {
        var bytes = new byte[(int) tensor.byteSize()];
        weights.read(tensor.name(), 0, MemorySegment.ofArray(bytes));
        return bytes;
    }
}
