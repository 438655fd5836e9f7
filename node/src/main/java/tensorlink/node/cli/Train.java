package tensorlink.node.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.optim.AdamW;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.DistributedModel;
import tensorlink.jobs.JobOptions;
import tensorlink.ledger.Amount;
import tensorlink.node.TextData;
import tensorlink.node.UserNode;
import tensorlink.p2p.core.Scheduler;

/** Trains a model on the network's workers with text from files. */
@Command(
        name = "train",
        description = "Train a model on the network's workers with text from files.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink train --fresh 256x4 --data book.txt --save out --network lab \\",
            "      --bootstrap /ip4/192.0.2.7/tcp/38751/p2p/12D3KooW...",
            "  tensorlink train out --data more.txt --save out --config lab.toml",
            "Ctrl-C ends the job in order, frees the workers, and saves nothing.",
        })
final class Train implements Callable<Integer> {
    private static final int HELD_OUT_BATCHES = 4;

    /**
     * Positions of a fresh model, so that what was trained on short rows can still run for long.
     */
    private static final int FRESH_CONTEXT = 512;

    private static final double LEARNING_RATE_MAX = 100;
    private static final long DATA_BYTES_MAX = 256 << 20;

    @Mixin private NodeFlags flags = new NodeFlags();
    @Mixin private Output output = new Output();

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description = "Hugging Face folder to start from")
    private @Nullable Path model;

    @Option(
            names = "--fresh",
            paramLabel = "HIDDENxLAYERS",
            description = "start a new byte-level Llama of this size instead, such as 256x4")
    private @Nullable String fresh;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "text to learn from; repeatable",
            showDefaultValue = CommandLine.Help.Visibility.NEVER)
    private List<Path> data = List.of();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "optimizer steps")
    private int steps;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "8",
            description = "sequences of a batch")
    private int rows;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "128",
            description = "tokens of a sequence")
    private int length;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            defaultValue = "4",
            description = "parts of a batch, which flow through the stages one after another")
    private int microBatches;

    @Option(
            names = "--lr",
            paramLabel = "X",
            defaultValue = "1e-3",
            description = "AdamW's learning rate")
    private double learningRate;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "0",
            description = "stages to split the model into; 0 for as few as fit")
    private int workers;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "of fresh weights and of batches")
    private long seed;

    @Option(
            names = "--max-price",
            paramLabel = "CREDITS",
            defaultValue = "0",
            description = "most credits the job may cost")
    private Amount maxPrice = Amount.ZERO;

    @Option(names = "--save", paramLabel = "FOLDER", description = "where to put the result")
    private @Nullable Path save;

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireSense();
        var config = flags.config(Map.of());
        var start = start();
        requireFits(start.config());
        var tokenizer =
                start.tokenizer()
                        .orElseThrow(() -> new UsageException(model + " has no tokenizer.json"));
        var text = text(tokenizer);
        if (save != null) {
            Files.createDirectories(save); // a result that cannot be saved is better known now
        }
        try (var user = UserNode.join(flags.network(config), flags.homeOrTemporary())) {
            var options =
                    JobOptions.training()
                            .workers(workers)
                            .batch(rows, length)
                            .microBatches(microBatches)
                            .maxPrice(maxPrice);
            try (var distributed =
                    user.createDistributedModel(start, options, new JobConsole(output))) {
                try {
                    train(distributed, text);
                    if (save != null) {
                        distributed.save(save);
                        output.say("saved to " + save);
                    }
                } catch (InterruptedException stopped) {
                    distributed.cancel("stopped by its user");
                    throw stopped;
                }
            }
        }
        return ExitCode.DONE.status();
    }

    private void requireSense() {
        UsageException.requireRange("--steps", steps, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--rows", rows, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--length", length, 2, Integer.MAX_VALUE);
        UsageException.requireRange("--micro-batches", microBatches, 1, rows);
        UsageException.requireRange("--workers", workers, 0, Integer.MAX_VALUE);
        if (!(learningRate > 0) || learningRate > LEARNING_RATE_MAX) {
            throw new UsageException(
                    "--lr " + learningRate + ": must be above 0, at most " + LEARNING_RATE_MAX);
        }
        if (save != null && Files.exists(save) && !Files.isDirectory(save)) {
            throw new UsageException("--save " + save + ": is not a folder");
        }
    }

    private void requireFits(ModelConfig config) {
        UsageException.requireRange("--workers", workers, 0, config.layers());
        UsageException.requireRange("--length", length, 2, config.contextLength());
    }

    private Model start() throws IOException {
        if ((model == null) == (fresh == null)) {
            throw new UsageException("name either a MODEL folder or --fresh HIDDENxLAYERS");
        }
        if (model != null) {
            var loaded = Model.load(model);
            if (!loaded.config().causal()) {
                throw new UsageException(
                        "MODEL " + model + ": for " + loaded.config().task() + ", not for text");
            }
            if (!loaded.config().dropout().none()) {
                output.say("without the dropout that the model's configuration names");
            }
            return loaded.withoutDropout();
        }
        var size = String.valueOf(fresh).split("x", -1);
        if (size.length != 2) {
            throw new UsageException(
                    "--fresh " + fresh + ": expected HIDDENxLAYERS, such as 256x4");
        }
        try {
            var tokenizer = Tokenizer.bytes();
            return Model.initialize(
                    ModelConfig.llama(
                            Integer.parseInt(size[0]),
                            Integer.parseInt(size[1]),
                            tokenizer.vocabularySize(),
                            Math.max(length, FRESH_CONTEXT)),
                    tokenizer,
                    seed);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--fresh " + fresh + ": " + wrong.getMessage());
        }
    }

    private TextData.Split text(Tokenizer tokenizer) throws IOException {
        var text = new StringBuilder();
        long bytes = 0;
        for (var file : data) {
            if (!Files.isRegularFile(file)) {
                throw new UsageException("--data " + file + ": no such file");
            }
            bytes += Files.size(file);
            if (bytes > DATA_BYTES_MAX) {
                throw new UsageException(
                        "--data: more than " + Sizes.bytes(DATA_BYTES_MAX) + " of text");
            }
            try {
                text.append(Files.readString(file, StandardCharsets.UTF_8));
            } catch (CharacterCodingException foreign) {
                throw new UsageException("--data " + file + ": is not UTF-8 text");
            }
        }
        var split = TextData.of(tokenizer, text.toString()).split(0.9);
        if (split.heldOut().size() < length) {
            throw new UsageException(
                    "--data: a tenth of it, "
                            + split.heldOut().size()
                            + " tokens, is held out to judge by, and a sequence has "
                            + length);
        }
        return split;
    }

    private void train(DistributedModel distributed, TextData.Split text)
            throws IOException, InterruptedException {
        var optimizer = distributed.optimizer(AdamW.lr(learningRate));
        float first = 0;
        float last = 0;
        double speed;
        try (var progress = new TrainingProgress(output, Scheduler.system(), steps)) {
            for (int step = 1; step <= steps; step++) {
                var batch = text.training().batch(seed, step, rows, length);
                optimizer.zeroGrad();
                var loss = distributed.forward(batch.inputs(), batch.labels());
                loss.backward();
                optimizer.step();
                last = loss.value();
                first = step == 1 ? last : first;
                progress.step(step, last, (long) rows * length, distributed.report());
            }
            speed = progress.tokensPerSecond();
        }
        var heldOut = text.heldOut().evenBatches(HELD_OUT_BATCHES, rows, length);
        double heldOutLoss = 0;
        for (var batch : heldOut) {
            heldOutLoss += distributed.evaluate(batch.inputs(), batch.labels()) / heldOut.size();
        }
        output.say(
                String.format(
                        Locale.ROOT,
                        "loss %.4f -> %.4f, held out %.4f, %,.0f tok/s",
                        first,
                        last,
                        heldOutLoss,
                        speed));
        var result = new LinkedHashMap<String, Object>();
        result.put("job", distributed.job().hex());
        result.put("steps", steps);
        result.put("firstLoss", first);
        result.put("lastLoss", last);
        result.put("heldOutLoss", heldOutLoss);
        result.put("tokensPerSecond", speed);
        result.put("weights", distributed.weightsDigest().hex());
        output.tell(result);
    }
}
