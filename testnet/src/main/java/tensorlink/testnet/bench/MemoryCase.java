package tensorlink.testnet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tensorlink.compute.Batch;
import tensorlink.compute.Engine;
import tensorlink.compute.Lora;
import tensorlink.compute.MemoryEstimate;
import tensorlink.compute.MemoryEstimate.Load;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Precision;
import tensorlink.compute.StageOptions;
import tensorlink.compute.Tokens;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.format.ModelFormatException;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;

/** One case of {@link BenchMemory}, in a process of its own: tells estimate and peak. */
@Command(name = "memory-case", description = "A case of bench memory.", hidden = true)
final class MemoryCase implements Callable<Integer> {
    static final int LENGTH = 128;
    private static final int IN_FLIGHT = 2;
    private static final int VOCABULARY = 2048;
    private static final AdamW RULE = AdamW.lr(1e-4);

    /** Architectures, each of about 15 million parameters. */
    enum Architecture {
        LLAMA("", ""),
        GPT2(
                "\"model_type\":\"gpt2\",\"architectures\":[\"GPT2LMHeadModel\"]",
                "\"n_embd\":512,\"n_layer\":4,\"n_head\":8,\"n_positions\":128,"
                        + "\"attn_pdrop\":0,\"embd_pdrop\":0,\"resid_pdrop\":0"),
        QWEN2(
                "\"model_type\":\"qwen2\",\"architectures\":[\"Qwen2ForCausalLM\"]",
                common("1376")
                        + ",\"num_key_value_heads\":4,\"rms_norm_eps\":1e-6,"
                        + "\"hidden_act\":\"silu\",\"tie_word_embeddings\":true"),
        GEMMA2(
                "\"model_type\":\"gemma2\",\"architectures\":[\"Gemma2ForCausalLM\"]",
                common("1376")
                        + ",\"num_key_value_heads\":4,\"head_dim\":64,\"rms_norm_eps\":1e-6,"
                        + "\"hidden_activation\":\"gelu_pytorch_tanh\","
                        + "\"query_pre_attn_scalar\":64,\"attn_logit_softcapping\":50.0,"
                        + "\"final_logit_softcapping\":30.0,\"sliding_window\":64"),
        GPT_NEOX(
                "\"model_type\":\"gpt_neox\",\"architectures\":[\"GPTNeoXForCausalLM\"]",
                common("2048")
                        + ",\"hidden_act\":\"gelu\",\"rotary_pct\":0.25,"
                        + "\"use_parallel_residual\":true,\"tie_word_embeddings\":false");

        private final String kind;
        private final String sizes;

        Architecture(String kind, String sizes) {
            this.kind = kind;
            this.sizes = sizes;
        }

        private static String common(String inner) {
            return "\"hidden_size\":512,\"num_hidden_layers\":4,\"num_attention_heads\":8,"
                    + "\"max_position_embeddings\":128,\"intermediate_size\":"
                    + inner;
        }

        private ModelConfig config(Way way) throws ModelFormatException {
            var own = way == Way.DROPOUT ? sizes.replace("_pdrop\":0", "_pdrop\":0.1") : sizes;
            return this == LLAMA
                    ? ModelConfig.llama(512, 4, VOCABULARY, LENGTH)
                    : ModelConfig.parse(
                            label(),
                            ("{" + kind + "," + own + ",\"vocab_size\":" + VOCABULARY + "}")
                                    .getBytes(StandardCharsets.UTF_8));
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is done with a model. */
    enum Way {
        TRAIN,
        SERVE,
        /** Trained with matrices multiplied in BF16. */
        BF16,
        /** Trained with dropout at a tenth everywhere. */
        DROPOUT,
        /** Adapters trained, of rank 8 where they usually are. */
        LORA;

        /** Whether it is measured of an architecture, and can be. */
        boolean suits(Architecture architecture) {
            return switch (this) {
                case TRAIN, SERVE -> true;
                case BF16, LORA ->
                        architecture == Architecture.LLAMA || architecture == Architecture.GPT2;
                case DROPOUT -> architecture == Architecture.GPT2;
            };
        }

        private Model model(Architecture architecture) throws ModelFormatException {
            var model = Model.initialize(architecture.config(this), Tokenizer.bytes(), 1);
            return switch (this) {
                case TRAIN, SERVE, BF16, DROPOUT -> model;
                case LORA -> model.withLora(new Lora(8, 16, Lora.usualTargets(model.config())), 1);
            };
        }

        private TrainingOptions training(ModelConfig config) {
            var plain = TrainingOptions.with(RULE);
            return switch (this) {
                case TRAIN, SERVE, DROPOUT -> plain;
                case BF16 -> plain.withPrecision(Precision.BF16);
                case LORA -> plain.withFrozen(Lora.base(config));
            };
        }
    }

    @Mixin private Output output = new Output();

    @Parameters(index = "0")
    private Architecture architecture = Architecture.LLAMA;

    @Parameters(index = "1")
    private Way way = Way.TRAIN;

    @Parameters(index = "2")
    private int rows = 1;

    @Override
    public Integer call() throws IOException, InterruptedException {
        var model = way.model(architecture);
        var config = model.config();
        boolean train = way != Way.SERVE;
        long peak;
        try (var engine = TorchEngine.open()) {
            var tiny =
                    Model.initialize(ModelConfig.llama(32, 1, 260, LENGTH), Tokenizer.bytes(), 1);
            run(engine, tiny, train ? Way.TRAIN : Way.SERVE, 1); // what all runs need
            long before = status("VmRSS");
            run(engine, model, way, rows);
            peak = status("VmHWM") - before;
        }
        var load = new Load(rows, LENGTH, train ? IN_FLIGHT : 1);
        var estimate =
                train
                        ? MemoryEstimate.ofTraining(
                                config, config.allLayers(), load, way.training(config))
                        : MemoryEstimate.ofInference(config, config.allLayers(), load);
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("estimate", estimate.total());
        told.put("weights", estimate.weights());
        told.put("training", estimate.training());
        told.put("activations", estimate.activations());
        told.put("scratch", estimate.scratch());
        told.put("peak", peak);
        output.tell(told);
        return ExitCode.DONE.status();
    }

    private static void run(Engine engine, Model model, Way way, int rows)
            throws IOException, InterruptedException {
        var config = model.config();
        boolean train = way != Way.SERVE;
        var weights = model.weights();
        var options =
                train
                        ? StageOptions.forTraining(way.training(config), 1)
                        : StageOptions.forInference(1);
        try (var stage = engine.open(config, config.allLayers(), weights, options)) {
            if (!train) {
                try (var cache = stage.openCache(rows, LENGTH)) {
                    stage.extend(cache, Tokens.of(new long[rows][LENGTH - 1]).toTensor()).close();
                    stage.extend(cache, Tokens.of(new long[rows][1]).toTensor()).close();
                }
                return;
            }
            var parts = Batch.of(Tokens.of(new long[rows * IN_FLIGHT][LENGTH])).split(IN_FLIGHT);
            for (int step = 1; step <= 2; step++) {
                stage.zeroGradients();
                for (var part : parts) {
                    stage.forwardLoss(
                            part.index(),
                            part.inputs().toTensor(),
                            part.labels().toTensor(),
                            part.labelCount());
                }
                for (var part : parts) {
                    stage.backward(part.index(), null);
                }
                stage.prepare(null);
                stage.apply(step, RULE);
            }
        }
    }

    /** A line of this process's status, in bytes. */
    private static long status(String key) throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(key + ":")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D+", ""));
            }
        }
        throw new IOException("no " + key + " in /proc/self/status; this needs Linux");
    }
}
