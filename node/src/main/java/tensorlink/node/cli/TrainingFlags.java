package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tensorlink.compute.Architecture;
import tensorlink.compute.Frozen;
import tensorlink.compute.GraphModel;
import tensorlink.compute.Lora;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.Precision;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.optim.Adafactor;
import tensorlink.compute.optim.Adagrad;
import tensorlink.compute.optim.Adam;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.optim.LearningRateSchedule;
import tensorlink.compute.optim.Optimizer;
import tensorlink.compute.optim.RmsProp;
import tensorlink.compute.optim.Sgd;
import tensorlink.compute.schedule.Schedule;

/** How a model is trained. */
final class TrainingFlags {
    private static final double LEARNING_RATE_MAX = 100;
    private static final List<String> LORA_KEYS = List.of("rank", "alpha", "targets");

    private enum Rule {
        sgd,
        adam,
        adamw,
        adagrad,
        rmsprop,
        adafactor
    }

    private enum Shape {
        constant,
        linear,
        cosine
    }

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            defaultValue = "adamw",
            description = "${COMPLETION-CANDIDATES}; each as in torch, with torch's defaults")
    private Rule rule = Rule.adamw;

    @Option(
            names = "--lr",
            paramLabel = "X",
            defaultValue = "1e-3",
            description = "the learning rate")
    private double learningRate;

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            description = "share of the weights that decays; the default is the optimizer's")
    private @Nullable Double weightDecay;

    @Option(
            names = "--momentum",
            paramLabel = "X",
            description = "share of the last move that is kept; of sgd and rmsprop")
    private @Nullable Double momentum;

    @Option(names = "--nesterov", description = "look ahead by the momentum; of sgd")
    private boolean nesterov;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            defaultValue = "constant",
            description = "how the rate changes over the steps: ${COMPLETION-CANDIDATES}")
    private Shape schedule = Shape.constant;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "0",
            description = "steps over which the rate grows from 0 first")
    private int warmUp;

    @Option(
            names = "--clip",
            paramLabel = "X",
            description = "largest norm of all gradients together; larger ones are scaled down")
    private @Nullable Double clip;

    @Option(
            names = "--recompute",
            description =
                    "keep less between forward and backward and compute it again: less memory,"
                            + " more time, the same result")
    private boolean recompute;

    @Option(
            names = "--freeze",
            paramLabel = "N|PATTERN",
            description =
                    "leave the embedding and the first N layers as they are, or the parameters of"
                            + " these names, with * for any characters; repeatable")
    private List<String> frozen = List.of();

    @Option(
            names = "--pipeline",
            paramLabel = "NAME",
            defaultValue = "1f1b",
            description =
                    "how the stages take turns: gpipe, 1f1b or zb-h1; the same result, in other"
                            + " time and memory")
    private String pipeline = "1f1b";

    @Option(
            names = "--lora",
            paramLabel = "KEY=VALUE",
            split = ",",
            description =
                    "train low-rank adapters alone, such as rank=8,alpha=16,targets=q_proj+v_proj;"
                            + " --save FOLDER then has the whole model, and FOLDER/adapter what"
                            + " PEFT loads")
    private @Nullable Map<String, String> lora;

    @Option(
            names = "--adapter",
            paramLabel = "FOLDER",
            description =
                    "go on training these low-rank adapters, which PEFT or this program saved,"
                            + " instead of fresh ones")
    private @Nullable Path adapter;

    @Option(
            names = "--bf16",
            description =
                    "multiply matrices in BF16; parameters, gradients and the optimizer stay in"
                            + " F32")
    private boolean bf16;

    @Option(
            names = "--no-dropout",
            description = "drop nothing, whatever the model's configuration names")
    private boolean noDropout;

    void requireSense(long steps) {
        if (order() == Schedule.ZB_H1 && adapts()) {
            throw new UsageException(adapterFlag() + ": not with --pipeline zb-h1");
        }
        if (order() == Schedule.ZB_H1 && !frozen.isEmpty()) {
            throw new UsageException("--freeze: not with --pipeline zb-h1");
        }
        if (!(learningRate > 0) || learningRate > LEARNING_RATE_MAX) {
            throw new UsageException(
                    "--lr " + learningRate + ": must be above 0, at most " + LEARNING_RATE_MAX);
        }
        if (momentum != null && rule != Rule.sgd && rule != Rule.rmsprop) {
            throw new UsageException("--momentum: " + rule + " has none; sgd and rmsprop do");
        }
        if (nesterov && (rule != Rule.sgd || momentum == null)) {
            throw new UsageException("--nesterov: needs --optimizer sgd and --momentum");
        }
        UsageException.requireRange("--warmup", warmUp, 0, steps - 1);
        if (clip != null && !(clip > 0)) {
            throw new UsageException("--clip " + clip + ": must be above 0");
        }
        optimizer();
    }

    /** The rule of each step, numbered from 1, of a run of {@code steps} steps. */
    LongFunction<Optimizer> rule(long steps) {
        var plain = optimizer();
        var rate = schedule(steps);
        return step -> plain.withLearningRate(learningRate * rate.factor(step - 1));
    }

    private Schedule order() {
        Schedule order;
        try {
            order = Schedule.of(pipeline);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--pipeline " + pipeline + ": " + wrong.getMessage());
        }
        if (order == Schedule.INTERLEAVED) {
            throw new UsageException(
                    "--pipeline interleaved: needs several chunks of layers on a worker, which has"
                            + " one");
        }
        return order;
    }

    private LearningRateSchedule schedule(long steps) {
        return switch (schedule) {
            case constant -> new LearningRateSchedule.Constant(warmUp);
            case linear -> new LearningRateSchedule.Linear(warmUp, steps);
            case cosine -> new LearningRateSchedule.Cosine(warmUp, steps, 0);
        };
    }

    /** Of all gradients together; infinite for no limit. */
    double largestNorm() {
        return clip == null ? Double.POSITIVE_INFINITY : clip;
    }

    private Optimizer optimizer() {
        try {
            return switch (rule) {
                case sgd -> sgd();
                case adam -> {
                    var adam = Adam.lr(learningRate);
                    yield weightDecay == null ? adam : adam.withWeightDecay(weightDecay);
                }
                case adamw -> {
                    var adamW = AdamW.lr(learningRate);
                    yield weightDecay == null ? adamW : adamW.withWeightDecay(weightDecay);
                }
                case adagrad -> {
                    var adagrad = Adagrad.lr(learningRate);
                    yield weightDecay == null ? adagrad : adagrad.withWeightDecay(weightDecay);
                }
                case rmsprop -> {
                    var plain = RmsProp.lr(learningRate);
                    var moving = momentum == null ? plain : plain.withMomentum(momentum);
                    yield weightDecay == null ? moving : moving.withWeightDecay(weightDecay);
                }
                case adafactor -> {
                    var adafactor = Adafactor.lr(learningRate);
                    yield weightDecay == null ? adafactor : adafactor.withWeightDecay(weightDecay);
                }
            };
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--optimizer " + rule + ": " + wrong.getMessage());
        }
    }

    private Sgd sgd() {
        var plain = Sgd.lr(learningRate);
        var decaying = weightDecay == null ? plain : plain.withWeightDecay(weightDecay);
        if (momentum == null) {
            return decaying;
        }
        return nesterov ? decaying.withNesterovMomentum(momentum) : decaying.withMomentum(momentum);
    }

    /** The model with what {@code --lora} or {@code --adapter} asks for, if one does. */
    Model adapted(Model model, long seed) throws IOException {
        if (lora != null && adapter != null) {
            throw new UsageException("--lora with --adapter: which says rank and targets itself");
        }
        if (adapter != null) {
            requireTransformer(model.architecture(), "--adapter");
            return model.withAdapters(adapter);
        }
        if (lora == null) {
            return model;
        }
        requireTransformer(model.architecture(), "--lora");
        for (var key : lora.keySet()) {
            if (!LORA_KEYS.contains(key)) {
                throw new UsageException("--lora " + key + ": expected one of " + LORA_KEYS);
            }
        }
        var targets = lora.get("targets");
        try {
            int rank = Integer.parseInt(lora.getOrDefault("rank", "8"));
            double alpha = Double.parseDouble(lora.getOrDefault("alpha", "16"));
            return model.withLora(
                    new Lora(
                            rank,
                            alpha,
                            targets == null
                                    ? Lora.usualTargets(model.config())
                                    : List.of(targets.split("\\+", -1))),
                    seed);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--lora " + lora + ": " + wrong.getMessage());
        }
    }

    boolean adapts() {
        return lora != null || adapter != null;
    }

    /** The flag that has adapters trained. */
    String adapterFlag() {
        return adapter == null ? "--lora" : "--adapter";
    }

    /** Whether dropout is as the model's configuration names it. */
    boolean drops() {
        return !noDropout;
    }

    private static ModelConfig requireTransformer(Architecture model, String flag) {
        return switch (model) {
            case ModelConfig config -> config;
            case GraphModel _ -> throw new UsageException(flag + ": not of a layer graph");
        };
    }

    TrainingOptions options(Architecture model, long seed) {
        if (bf16) {
            requireTransformer(model, "--bf16");
        }
        if (noDropout) {
            requireTransformer(model, "--no-dropout");
        }
        var frozen = frozen(model);
        return TrainingOptions.with(optimizer())
                .withRecompute(recompute)
                .withFrozen(
                        adapts()
                                ? Lora.base(requireTransformer(model, "--lora")).and(frozen)
                                : frozen)
                .withSchedule(order())
                .withSeed(seed)
                .withPrecision(bf16 ? Precision.BF16 : Precision.F32);
    }

    private Frozen frozen(Architecture model) {
        var all = Frozen.none();
        var parameters = model.tensors(model.allLayers());
        for (var name : frozen) {
            try {
                var some =
                        name.matches("\\d{1,6}")
                                ? Frozen.first(
                                        requireTransformer(model, "--freeze " + name),
                                        Integer.parseInt(name))
                                : new Frozen(List.of(name));
                if (some.trained(parameters).size() == parameters.size()) {
                    throw new UsageException("--freeze " + name + ": no parameter has that name");
                }
                all = all.and(some);
            } catch (IllegalArgumentException wrong) {
                throw new UsageException("--freeze " + name + ": " + wrong.getMessage());
            }
        }
        if (model.trained(model.allLayers(), all).isEmpty()) {
            throw new UsageException("--freeze: nothing is left to be trained");
        }
        return all;
    }
}
