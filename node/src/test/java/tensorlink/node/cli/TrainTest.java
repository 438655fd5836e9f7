package tensorlink.node.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Task;
import tensorlink.compute.format.Safetensors;
import tensorlink.compute.graph.GraphLoss;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.graph.Operator;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.training.Checkpoint;
import tensorlink.jobs.training.MetricsLog;

/** Training runs without a network, and their curves. */
@Timeout(120)
class TrainTest {
    @TempDir private Path folder;

    private Ran train(String... more) throws Exception {
        var text = folder.resolve("text.txt");
        Files.writeString(text, "A worker lends its memory; a user borrows it. ".repeat(20));
        var arguments =
                new ArrayList<>(
                        List.of(
                                "train",
                                "--alone",
                                "--fresh",
                                "32x2",
                                "--data",
                                text.toString(),
                                "--length",
                                "32",
                                "--rows",
                                "4",
                                "-o",
                                "json"));
        arguments.addAll(List.of(more));
        return Ran.of(arguments.toArray(new String[0]));
    }

    @Test
    void a_run_leaves_a_model_metrics_events_and_checkpoints() throws Exception {
        var out = folder.resolve("out");
        var run = folder.resolve("run");

        var ran =
                train(
                        "--epochs",
                        "2",
                        "--log-every",
                        "1",
                        "--save-every",
                        "4",
                        "--keep",
                        "2",
                        "--run",
                        run.toString(),
                        "--save",
                        out.toString());

        assertThat(ran.err()).isEmpty();
        assertThat(ran.status()).isZero();
        var result = ran.result(); // 28 windows of 32 bytes, 3 of them held out: 7 steps an epoch
        assertThat(result.path("steps").asInt()).isEqualTo(14);
        assertThat(result.path("epochs").asDouble()).isEqualTo(2);
        assertThat(result.path("lastLoss").asDouble())
                .isLessThan(result.path("firstLoss").asDouble());
        assertThat(result.path("heldOutLoss").asDouble()).isPositive();
        assertThat(ran.values())
                .extracting(it -> it.path("event").asString())
                .filteredOn(it -> !it.equals("step"))
                .containsExactly(
                        "checkpoint",
                        "evaluation",
                        "checkpoint",
                        "checkpoint",
                        "evaluation",
                        "checkpoint",
                        "");
        assertThat(Model.load(out).parameterCount()).isPositive();
        assertThat(MetricsLog.read(run.resolve("metrics.jsonl"))).hasSize(14 + 2 + 1);
        assertThat(Checkpoint.open(run.resolve("checkpoint-12")).trainerState().step())
                .isEqualTo(12);
        try (var files = Files.list(run)) {
            assertThat(files.map(it -> it.getFileName().toString().replaceAll("\\.\\d.*", "")))
                    .containsExactlyInAnyOrder(
                            "metrics.jsonl",
                            "events.out.tfevents",
                            "checkpoint-12",
                            "checkpoint-14");
        }
    }

    @Test
    void the_number_of_stages_changes_no_bit() throws Exception {
        var one = train("--steps", "3").result().path("weights").asString();
        var two = train("--steps", "3", "--workers", "2").result().path("weights").asString();
        var other = train("--steps", "3", "--seed", "2").result().path("weights").asString();

        assertThat(two).isEqualTo(one).matches("[0-9a-f]{64}");
        assertThat(other).isNotEqualTo(one);
    }

    @Test
    void the_number_of_replicas_changes_bits_and_that_of_their_stages_none() throws Exception {
        var one = train("--steps", "3").result().path("weights").asString();
        var two = train("--steps", "3", "--replicas", "2").result().path("weights").asString();
        var split =
                train("--steps", "3", "--replicas", "2", "--workers", "2")
                        .result()
                        .path("weights")
                        .asString();

        assertThat(split).isEqualTo(two).matches("[0-9a-f]{64}").isNotEqualTo(one);
        assertThat(train("--replicas", "3").out())
                .contains("--micro-batches 4: expected a multiple of --replicas 3");
        assertThat(train("--replicas", "65").out()).contains("--replicas 65: must be 1 to 64");
        assertThat(train("--steps", "20", "--replicas", "2").out())
                .contains("--replicas 2: an epoch ends with a step of 1 rows, less than one");
    }

    @Test
    void a_run_goes_on_from_its_newest_checkpoint_to_the_bits_of_one_that_never_stopped()
            throws Exception {
        var never = folder.resolve("never").toString();
        var stopped = folder.resolve("stopped").toString();
        var whole = train("--steps", "9", "--log-every", "1", "--run", never);
        train("--steps", "5", "--log-every", "1", "--run", stopped, "--save-every", "4");

        var rest =
                train(
                        "--steps",
                        "9",
                        "--log-every",
                        "1",
                        "--run",
                        stopped,
                        "--resume",
                        stopped,
                        "--workers",
                        "2");

        assertThat(rest.result().path("weights")).isEqualTo(whole.result().path("weights"));
        assertThat(losses(stopped)).isEqualTo(losses(never)).hasSize(9);
        assertThat(train("--steps", "5", "--run", stopped, "--resume", stopped).out())
                .contains("--steps 5: the training in " + stopped + " has done 5");
        assertThat(train("--seed", "2", "--resume", stopped).out())
                .contains("TL-MOD-001", "a run of other seed: 1, not 2");
        assertThat(train("--resume", never).out())
                .contains("--resume " + never + ": no checkpoint is there");
    }

    private static List<Double> losses(String run) throws Exception {
        return MetricsLog.read(Path.of(run, "metrics.jsonl")).stream()
                .flatMapToDouble(it -> it.value("loss").stream())
                .boxed()
                .toList();
    }

    @Test
    void classified_texts_are_learnt_and_cut_ones_are_counted_aloud() throws Exception {
        var lines = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            lines.append("{\"mail\":\"%s\",\"kind\":%d}\n".formatted("xy".repeat(i + 1), i % 2));
        }
        var file = Files.writeString(folder.resolve("mails.jsonl"), lines);

        var ran =
                Ran.of(
                        "train",
                        "--alone",
                        "--fresh",
                        "32x2",
                        "--data",
                        file.toString(),
                        "--text-field",
                        "mail",
                        "--label-field",
                        "kind",
                        "--length",
                        "20",
                        "--rows",
                        "4",
                        "--steps",
                        "2",
                        "--held-out",
                        "0.2",
                        "--no-progress");

        assertThat(ran.status()).isZero();
        assertThat(ran.err())
                .isEqualTo(" !!  1 of 10 texts are longer than --length 20 and lose their end\n");
        assertThat(ran.out()).matches("loss .* held out .* % right, F1 .*, .* tok/s\n");
    }

    @Test
    void an_encoder_becomes_a_classifier_and_goes_on_as_one() throws Exception {
        var config =
                """
                {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 32,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
                 "vocab_size": 256, "max_position_embeddings": 32, "initializer_range": 0.1,
                 "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}\
                """;
        var body = folder.resolve("body");
        Model.initialize(
                        ModelConfig.parse("config.json", config.getBytes(UTF_8)),
                        Tokenizer.bytes(),
                        1)
                .save(body);
        var lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append(
                    "{\"text\":\"%s\",\"label\":\"%s\"}\n"
                            .formatted("xy$".substring(i % 3), i % 3 == 2 ? "money" : "letters"));
        }
        var file = Files.writeString(folder.resolve("mails.jsonl"), lines).toString();
        var out = folder.resolve("out").toString();
        var usual =
                List.of(
                        "--data",
                        file,
                        "--length",
                        "16",
                        "--rows",
                        "4",
                        "--held-out",
                        "0.5",
                        "--eval-batches",
                        "0",
                        "--alone");

        var first = Ran.of(with(usual, "train", body.toString(), "--steps", "60", "--save", out));
        var more = Ran.of(with(usual, "train", out, "--steps", "1", "-o", "json"));

        assertThat(first.err()).isEmpty();
        assertThat(first.out())
                .contains("with a fresh head for letters, money\n")
                .containsPattern("held out 0\\.\\d+, 100.0 % right, F1 1.000");
        assertThat(Model.load(Path.of(out)).config().task())
                .isEqualTo(new Task.Classification(List.of("letters", "money")));
        assertThat(more.result().path("heldOutAccuracy").asDouble()).isEqualTo(1);
        assertThat(more.result().path("heldOutF1").asDouble()).isEqualTo(1);
        var text = Files.writeString(folder.resolve("text.txt"), "xyz").toString();
        assertThat(Ran.of("train", body.toString(), "--alone", "--data", text).err())
                .contains("an encoder learns from classified texts");
    }

    @Test
    void a_layer_graph_learns_from_images_to_the_same_bits_in_any_stages() throws Exception {
        var graph = LayerGraph.builder();
        var x = graph.conv2d("conv", graph.input("image", 1, 4, 4), 4, 3, 1, 1);
        x = graph.activation("act", graph.batchNorm("norm", x), Operator.Activation.Function.RELU);
        graph.linear("side", graph.flatten("flat", x), 2);
        var model = folder.resolve("graph.json");
        Files.write(model, graph.build(GraphLoss.CROSS_ENTROPY).json());
        var images = images("images", 40, 16);
        var labels = images("labels", 40, 0);
        var out = folder.resolve("out");
        var usual =
                List.of(
                        "--data",
                        images.toString(),
                        "--labels",
                        labels.toString(),
                        "--rows",
                        "8",
                        "--lr",
                        "1e-2",
                        "--steps",
                        "30",
                        "--alone");

        var one = Ran.of(with(usual, "train", model.toString(), "--save", out.toString()));
        var judged = new ArrayList<>(usual);
        judged.addAll(
                List.of("--judge-data", images.toString(), "--judge-labels", labels.toString()));
        judged.addAll(List.of("-o", "json"));
        var whole = Ran.of(with(judged, "train", model.toString()));
        var three =
                Ran.of(
                        with(
                                judged,
                                "train",
                                model.toString(),
                                "--workers",
                                "3",
                                "--pipeline",
                                "zb-h1"));

        assertThat(one.err()).isEmpty();
        assertThat(one.out())
                .containsPattern("loss .* held out .* 100.0 % right, F1 1.000, [\\d,]+ images/s");
        assertThat(three.result().path("heldOutAccuracy").asDouble()).isEqualTo(1);
        assertThat(three.result().path("imagesPerSecond").asDouble()).isPositive();
        assertThat(three.result().path("weights")).isEqualTo(whole.result().path("weights"));
        var more = Ran.of(with(usual, "train", out.toString()));
        assertThat(more.status()).isZero();
        assertThat(Ran.of(with(usual, "train", "--fresh", "32x2")).err())
                .contains("--labels: a fresh Llama reads text, not images");
        assertThat(Ran.of(with(usual, "train", model.toString(), "--bf16")).err())
                .contains("--bf16: not of a layer graph");
        var text = Files.writeString(folder.resolve("text.txt"), "xyz").toString();
        assertThat(Ran.of("train", model.toString(), "--alone", "--data", text).err())
                .contains("a layer graph learns here from images");
        var large = images("large", 40, 25).toString();
        assertThat(
                        Ran.of(
                                        "train",
                                        model.toString(),
                                        "--alone",
                                        "--data",
                                        large,
                                        "--labels",
                                        labels.toString())
                                .err())
                .contains("--data: inputs: expected rows of 16 values");
    }

    /** An IDX file of squares whose left or right half is lit; of classes for an area of 0. */
    private Path images(String name, int count, int area) throws Exception {
        int side = (int) Math.sqrt(area);
        var bytes = ByteBuffer.allocate(16 + count * Math.max(1, area));
        if (area == 0) {
            bytes.putInt(0x801).putInt(count);
        } else {
            bytes.putInt(0x803).putInt(count).putInt(side).putInt(side);
        }
        for (int i = 0; i < count; i++) {
            for (int pixel = 0; pixel < area; pixel++) {
                boolean left = pixel % side < side / 2;
                bytes.put((byte) (left == (i % 2 == 0) ? 100 + i : 0));
            }
            if (area == 0) {
                bytes.put((byte) (i % 2));
            }
        }
        return Files.write(folder.resolve(name), Arrays.copyOf(bytes.array(), bytes.position()));
    }

    private static String[] with(List<String> usual, String... more) {
        var arguments = new ArrayList<>(List.of(more));
        arguments.addAll(usual);
        return arguments.toArray(new String[0]);
    }

    @Test
    void frozen_layers_stay_and_what_freezes_nothing_or_everything_is_refused() throws Exception {
        var start = folder.resolve("start");
        var out = folder.resolve("out");
        Model.initialize(ModelConfig.llama(32, 2, 256, 64), Tokenizer.bytes(), 1).save(start);
        var text = Files.writeString(folder.resolve("text.txt"), "frozen ".repeat(99)).toString();
        var usual = List.of("--data", text, "--length", "16", "--steps", "2", "--alone");
        var from = start.toString();

        var ran =
                Ran.of(
                        with(
                                usual,
                                "train",
                                from,
                                "--freeze",
                                "1",
                                "--freeze",
                                "*norm*",
                                "--save",
                                out.toString()));

        assertThat(ran.err()).isEmpty();
        assertThat(same(start, out, "model.embed_tokens.weight")).isTrue();
        assertThat(same(start, out, "model.layers.0.mlp.up_proj.weight")).isTrue();
        assertThat(same(start, out, "model.layers.1.input_layernorm.weight")).isTrue();
        assertThat(same(start, out, "model.layers.1.mlp.up_proj.weight")).isFalse();
        assertThat(Ran.of(with(usual, "train", from, "--freeze", "transformer.*")).err())
                .contains("--freeze transformer.*: no parameter has that name");
        assertThat(Ran.of(with(usual, "train", from, "--freeze", "3")).err())
                .contains("--freeze 3: 3 layers of a model with 2");
        assertThat(Ran.of(with(usual, "train", from, "--freeze", "*")).err())
                .contains("--freeze: nothing is left to be trained");
    }

    @Test
    void adapters_are_saved_alone_and_merged_and_what_they_cannot_be_is_refused() throws Exception {
        var start = folder.resolve("start");
        var out = folder.resolve("out");
        Model.initialize(ModelConfig.llama(32, 2, 256, 64), Tokenizer.bytes(), 1).save(start);
        var text = Files.writeString(folder.resolve("text.txt"), "adapted ".repeat(99)).toString();
        var usual = List.of("--data", text, "--length", "16", "--steps", "2", "--alone");
        var from = start.toString();
        var lora = "rank=2,alpha=4,targets=q_proj+down_proj";

        var ran =
                Ran.of(
                        with(
                                usual,
                                "train",
                                from,
                                "--bf16",
                                "--lora",
                                lora,
                                "--save",
                                out.toString()));

        assertThat(ran.err()).isEmpty();
        assertThat(same(start, out, "model.layers.1.self_attn.q_proj.weight")).isFalse();
        assertThat(same(start, out, "model.layers.1.self_attn.k_proj.weight")).isTrue();
        assertThat(same(start, out, "lm_head.weight")).isTrue();
        Model.load(out);
        try (var adapters =
                Safetensors.open(out.resolve("adapter").resolve("adapter_model.safetensors"))) {
            assertThat(adapters.tensors()).hasSize(8);
        }
        assertThat(Ran.of(with(usual, "train", from, "--lora", "targets=nowhere")).err())
                .contains("target \"nowhere\": no linear part of a layer");
        assertThat(Ran.of(with(usual, "train", from, "--lora", "depth=2")).err())
                .contains("--lora depth: expected one of [rank, alpha, targets]");
        assertThat(Ran.of(with(usual, "train", "--fresh", "32x2", "--lora", lora)).err())
                .contains("--lora: a fresh model knows nothing to be kept");
        assertThat(Ran.of(with(usual, "train", from, "--lora", lora, "--pipeline", "zb-h1")).err())
                .contains("--lora: not with --pipeline zb-h1");

        var saved = out.resolve("adapter").toString();
        var on = folder.resolve("on");
        assertThat(
                        Ran.of(
                                        with(
                                                usual,
                                                "train",
                                                from,
                                                "--adapter",
                                                saved,
                                                "--save",
                                                on.toString()))
                                .err())
                .isEmpty();
        assertThat(same(out, on, "model.layers.1.self_attn.q_proj.weight")).isFalse();
        assertThat(same(start, on, "model.layers.1.self_attn.k_proj.weight")).isTrue();
        assertThat(Ran.of(with(usual, "train", from, "--adapter", saved, "--lora", lora)).err())
                .contains("--lora with --adapter");
        assertThat(Ran.of(with(usual, "train", from, "--adapter", from)).err())
                .contains("adapter_config.json: there is no such file");
    }

    private static boolean same(Path one, Path other, String name) throws Exception {
        try (var here = Safetensors.openFolder(one);
                var there = Safetensors.openFolder(other)) {
            var spec =
                    here.tensors().stream().filter(it -> it.name().equals(name)).findFirst().get();
            try (var a = Tensor.allocate(spec.dtype(), spec.shape());
                    var b = Tensor.allocate(spec.dtype(), spec.shape())) {
                here.read(name, 0, a.data());
                there.read(name, 0, b.data());
                return a.data().mismatch(b.data()) < 0;
            }
        }
    }

    @Test
    void a_run_is_drawn_as_an_image_and_as_svg() throws Exception {
        var run = Files.createDirectory(folder.resolve("a<b"));
        Files.writeString(
                run.resolve("metrics.jsonl"),
                """
                {"loss":4.5,"learning_rate":0.001,"epoch":0.5,"step":10}
                {"loss":null,"epoch":0.7,"step":15}
                {"eval_loss":3.25,"epoch":1,"step":20}
                """);
        var svg = folder.resolve("loss.svg");

        assertThat(Ran.of("train", "plot", run.toString()).out())
                .isEqualTo("drawn to " + run.resolve("loss.png") + "\n");
        var ran = Ran.of("train", "plot", run.toString(), "--to", svg.toString(), "-o", "json");

        assertThat(Files.readAllBytes(run.resolve("loss.png")))
                .startsWith(0x89, 'P', 'N', 'G')
                .hasSizeGreaterThan(1000);
        assertThat(ran.result().path("points").asInt()).isEqualTo(3);
        assertThat(Files.readString(svg))
                .startsWith("<svg xmlns=")
                .contains("a&lt;b</text>", ">loss</text>", ">eval_loss</text>")
                .contains(">learning_rate</text>", ">4.4</text>")
                .doesNotContain("NaN", "grad_norm", "accuracy");
    }

    @Test
    void what_cannot_be_drawn_is_refused() throws Exception {
        var empty = Files.createDirectory(folder.resolve("empty"));
        var bad = Files.writeString(folder.resolve("bad.jsonl"), "{\"epoch\":0}\n");
        var none = Files.writeString(folder.resolve("none.jsonl"), "{\"epoch\":0,\"step\":1}\n");

        assertThat(Ran.of("train", "plot", empty.toString()).err())
                .isEqualTo(
                        "error TL-CFG-001: "
                                + empty.resolve("metrics.jsonl")
                                + ": no such file; train with --run FOLDER writes it\n");
        assertThat(Ran.of("train", "plot", none.toString()).err())
                .isEqualTo(
                        "error TL-CFG-001: "
                                + none
                                + ": nothing that could be drawn is in it yet\n");
        assertThat(Ran.of("train", "plot", none.toString(), "--to", "a.gif").err())
                .isEqualTo("error TL-CFG-001: --to a.gif: must end in .png or .svg\n");
        var malformed = Ran.of("train", "plot", bad.toString());
        assertThat(malformed.err()).isEqualTo("error TL-MOD-001: " + bad + ":1: step is missing\n");
        assertThat(malformed.status()).isEqualTo(ExitCode.DATA.status());
    }
}
