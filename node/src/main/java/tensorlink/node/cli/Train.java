package tensorlink.node.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tensorlink.compute.Architecture;
import tensorlink.compute.Batch;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LocalRun;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.StageOptions;
import tensorlink.compute.StageState;
import tensorlink.compute.Task;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.graph.LayerGraph;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.compute.torch.TorchEngine;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.JobReport;
import tensorlink.jobs.data.ClassifiedTexts;
import tensorlink.jobs.data.Examples;
import tensorlink.jobs.job.Publication;
import tensorlink.jobs.market.Plan;
import tensorlink.jobs.training.Checkpoint;
import tensorlink.jobs.training.Checkpoints;
import tensorlink.jobs.training.Metrics;
import tensorlink.jobs.training.Trainee;
import tensorlink.jobs.training.TrainerState;
import tensorlink.jobs.user.TrainingRecord;
import tensorlink.ledger.Amount;
import tensorlink.node.UserNode;
import tensorlink.node.hub.PublicationFile;

/** Trains a model on the network's workers, or in this process, with examples from files. */
@Command(
        name = "train",
        description = "Train a model on the network's workers, or alone, with examples from files.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        subcommands = TrainPlot.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink train --fresh 256x4 --data book.txt --save out --network lab \\",
            "      --bootstrap /ip4/192.0.2.7/tcp/38751/p2p/12D3KooW...",
            "  tensorlink train out --data more.txt --epochs 3 --run out/run --config lab.toml",
            "  tensorlink train --fresh 256x4 --data book.txt --checkpoints run1 --config lab.toml",
            "  tensorlink train --fresh 256x4 --data book.txt --resume run1 --config lab.toml",
            "  tensorlink train minilm --data mails.jsonl --workers 2 --lr 5e-5 --save classifier",
            "  tensorlink train graph.json --data train-images --labels train-labels --workers 2",
            "  tensorlink train plot out/run",
            "Ctrl-C ends the job in order and frees the workers. What was learnt is lost, unless it"
                    + " is",
            "kept with --checkpoints: then --resume, with the same options else, goes on from"
                    + " there.",
        })
final class Train implements Callable<Integer> {

    /**
     * Positions of a fresh model, so that what was trained on short rows can still run for long.
     */
    private static final int FRESH_CONTEXT = 512;

    /** Where in a result's folder its adapters are. */
    private static final String ADAPTER = "adapter";

    @Spec private @Nullable CommandSpec spec;
    @Mixin private NodeFlags flags = new NodeFlags();
    @Mixin private TrainingDataFlags data = new TrainingDataFlags();
    @Mixin private TrainingFlags training = new TrainingFlags();
    @Mixin private TrainingRunFlags run = new TrainingRunFlags();
    @Mixin private Output output = new Output();

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description =
                    "Hugging Face folder to start from; or a layer graph: a folder, or its"
                            + " graph.json alone for fresh weights")
    private @Nullable Path model;

    @Option(
            names = "--fresh",
            paramLabel = "HIDDENxLAYERS",
            description = "start a new byte-level Llama of this size instead, such as 256x4")
    private @Nullable String fresh;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            defaultValue = "4",
            description = "parts of a batch, which flow through the stages one after another")
    private int microBatches;

    @Option(
            names = "--codec",
            paramLabel = "NAME",
            defaultValue = "exact",
            converter = CodecName.class,
            description =
                    "how stages write what they send each other: exact, lossless, bf16 or int8;"
                            + " the last two change the result, and the error is told with each"
                            + " step")
    private TensorCodec codec = TensorCodec.EXACT;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "0",
            description = "stages to split the model into; 0 for as few as fit")
    private int workers;

    @Option(
            names = "--replicas",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "workers for each stage, which share the micro-batches of a batch; their number"
                            + " decides the order of sums, and so the last bits")
    private int replicas;

    @Option(
            names = "--plan",
            paramLabel = "FILE",
            description =
                    "which worker holds which layers: a line \"layers 0-3 on WORKER\" for each"
                            + " stage, of one replica after another; the first and the last may"
                            + " be \"on here\"")
    private @Nullable Path plan;

    @Mixin private HereFlag here = new HereFlag();

    @Option(
            names = "--save-plan",
            paramLabel = "FILE",
            description = "write there which worker holds which layers, for --plan")
    private @Nullable Path savePlan;

    @Option(
            names = "--alone",
            description = "train in this process, without a network; the result has the same bits")
    private boolean alone;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "of the kernels, with --alone")
    private int threads;

    @Option(
            names = "--max-price",
            paramLabel = "CREDITS",
            defaultValue = "0",
            description = "most credits the job may cost")
    private Amount maxPrice = Amount.ZERO;

    @Option(
            names = "--checkpoints",
            paramLabel = "FOLDER",
            description = "keep the training here, so that --resume can go on with it")
    private @Nullable Path checkpoints;

    @Option(
            names = "--resume",
            paramLabel = "FOLDER",
            description =
                    "go on with the training that --checkpoints keeps here; with --alone, from the"
                            + " newest checkpoint of --run")
    private @Nullable Path resume;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "100",
            description = "steps from one checkpoint to the next: the most to be done again")
    private int checkpointEvery;

    @Option(names = "--save", paramLabel = "FOLDER", description = "where to put the result")
    private @Nullable Path save;

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireSense();
        var config = flags.config(Map.of());
        var texts = data.texts();
        var start = start(texts);
        requireFits(start.architecture());
        var examples = examples(start, texts);
        requireShared(examples);
        run.requireSense(examples);
        training.requireSense(run.steps(examples));
        if (save != null) {
            Files.createDirectories(save); // a result that cannot be saved is better known now
        }
        if (alone && resume != null) {
            var checkpoint = checkpoint(resume, examples);
            try (var state = checkpoint.stageState()) {
                trainAlone(checkpoint.model(), state, checkpoint.trainerState(), examples);
            }
            return ExitCode.DONE.status();
        }
        if (alone) {
            trainAlone(
                    start, StageState.initial(start.weights()), TrainerState.initial(), examples);
            return ExitCode.DONE.status();
        }
        requireUnfinished(resume == null ? 0 : TrainingRecord.stepsIn(resume), examples);
        try (var user = UserNode.join(flags.network(config), flags.homeOrTemporary());
                var _ = LocalApi.of(config, user.node())) {
            trainOnWorkers(user, start, examples);
        }
        return ExitCode.DONE.status();
    }

    private void requireSense() throws IOException {
        if (!data.isNamed() && spec != null) {
            throw new MissingParameterException(
                    spec.commandLine(),
                    spec.findOption("--data"),
                    "Missing required option: '--data=FILE'");
        }
        data.requireSense();
        run.requireSense(resume != null);
        UsageException.requireRange("--micro-batches", microBatches, 1, run.rows());
        UsageException.requireRange("--workers", workers, 0, Integer.MAX_VALUE);
        UsageException.requireRange("--replicas", replicas, 1, TrainingOptions.REPLICAS_MAX);
        if (microBatches % replicas != 0) {
            throw new UsageException(
                    "--micro-batches "
                            + microBatches
                            + ": expected a multiple of --replicas "
                            + replicas);
        }
        UsageException.requireRange("--threads", threads, 1, Integer.MAX_VALUE);
        UsageException.requireRange("--checkpoint-every", checkpointEvery, 1, Integer.MAX_VALUE);
        requireKept();
        if (save != null && Files.exists(save) && !Files.isDirectory(save)) {
            throw new UsageException("--save " + save + ": is not a folder");
        }
    }

    /** Where the training is kept, if it is. */
    private @Nullable Path kept() {
        return resume == null ? checkpoints : resume;
    }

    private void requireKept() throws IOException {
        if (resume != null && checkpoints != null) {
            throw new UsageException("--resume keeps checkpoints where it finds them");
        }
        if (plan != null && (alone || workers > 0 || replicas > 1 || here.isGiven())) {
            throw new UsageException(
                    "--plan says what is where: none of --workers, --replicas, --here and --alone");
        }
        if (here.isGiven() && replicas > 1) {
            throw new UsageException("--here keeps layers that have no --replicas");
        }
        if (alone && checkpoints != null) {
            throw new UsageException(
                    "--alone keeps checkpoints with --run FOLDER --save-every N; go on from there"
                            + " by --resume");
        }
        if (checkpoints != null && TrainingRecord.stepsIn(checkpoints) > 0) {
            throw new UsageException(
                    "--checkpoints "
                            + checkpoints
                            + ": a training is kept there; go on with it by --resume");
        }
        if (resume != null && !alone && TrainingRecord.stepsIn(resume) == 0) {
            throw new UsageException("--resume " + resume + ": no training is kept there");
        }
    }

    private void requireShared(Examples.Split<Batch> examples) {
        int all = examples.training().size();
        int left = all % run.rows();
        boolean comes = run.steps(examples) * run.rows() >= all;
        if (comes && left > 0 && left < replicas) {
            throw new UsageException(
                    "--replicas "
                            + replicas
                            + ": an epoch ends with a step of "
                            + left
                            + " rows, less than one for each; choose other --rows");
        }
    }

    private void requireUnfinished(long done, Examples.Split<Batch> examples) {
        if (resume != null && done >= run.steps(examples)) {
            throw new UsageException(
                    "--steps "
                            + run.steps(examples)
                            + ": the training in "
                            + resume
                            + " has done "
                            + done);
        }
    }

    private void requireFits(Architecture architecture) {
        UsageException.requireRange("--workers", workers, 0, architecture.layers());
        try {
            architecture.requireReplicas(replicas);
        } catch (IllegalArgumentException refused) {
            throw new UsageException("--" + refused.getMessage());
        }
        if (architecture.takesTokens()) {
            data.requireSense(architecture.contextLength());
        }
    }

    private Examples.Split<Batch> examples(Model start, Optional<ClassifiedTexts> texts)
            throws IOException {
        return switch (start.architecture()) {
            case GraphModel graph -> data.readImages(graph, run.seed());
            case ModelConfig config -> {
                var tokenizer =
                        start.tokenizer()
                                .orElseThrow(
                                        () -> new UsageException(model + " has no tokenizer.json"));
                yield data.read(config.task(), tokenizer, texts, run.seed(), output);
            }
        };
    }

    /** A graph without weights begins with fresh ones. */
    private Model load(Path place) throws IOException {
        if (!Files.isRegularFile(place)) {
            return Model.load(place);
        }
        var limit = LayerGraph.JSON_BYTES_MAX;
        if (Files.size(place) > limit) {
            throw new UsageException("MODEL " + place + ": larger than " + limit + " bytes");
        }
        var text = Files.readAllBytes(place);
        return Model.initialize(LayerGraph.parse(place.toString(), text), run.seed());
    }

    private Model start(Optional<ClassifiedTexts> texts) throws IOException {
        if ((model == null) == (fresh == null)) {
            throw new UsageException("name either a MODEL folder or --fresh HIDDENxLAYERS");
        }
        if (model != null) {
            var loaded = forData(load(model), texts);
            return training.adapted(
                    training.drops() ? loaded : loaded.withoutDropout(), run.seed());
        }
        if (data.images()) {
            throw new UsageException("--labels: a fresh Llama reads text, not images");
        }
        if (training.adapts()) {
            throw new UsageException(
                    training.adapterFlag() + ": a fresh model knows nothing to be kept");
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
                            Math.max(data.length(), FRESH_CONTEXT)),
                    tokenizer,
                    run.seed());
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--fresh " + fresh + ": " + wrong.getMessage());
        }
    }

    /** An encoder says classes, those of the data where it has none of its own. */
    private Model forData(Model loaded, Optional<ClassifiedTexts> texts) {
        boolean graph = loaded.architecture() instanceof GraphModel;
        if (graph != data.images()) {
            throw new UsageException(
                    "MODEL "
                            + model
                            + (graph
                                    ? ": a layer graph learns here from images, --data and --labels"
                                            + " of IDX files; from anything else with"
                                            + " createDistributedModel in Java"
                                    : ": a transformer learns from texts, not from --labels of"
                                            + " images"));
        }
        return switch (loaded.architecture().task().kind()) {
            case CAUSAL_LM, GRAPH -> loaded;
            case MASKED_LM, FEATURES, CLASSIFICATION, REGRESSION -> {
                if (texts.isEmpty()) {
                    throw new UsageException(
                            "MODEL "
                                    + model
                                    + ": an encoder learns from classified texts, --data of a"
                                    + " .jsonl file");
                }
                if (loaded.config().task().kind() == Task.Kind.CLASSIFICATION) {
                    yield loaded;
                }
                var classes = texts.get().classes();
                output.say("with a fresh head for " + String.join(", ", classes));
                yield loaded.withTask(new Task.Classification(classes), run.seed());
            }
        };
    }

    private TrainingOptions how(Model start) {
        return training.options(start.architecture(), run.seed()).withReplicas(replicas);
    }

    private void trainOnWorkers(UserNode user, Model start, Examples.Split<Batch> examples)
            throws IOException, InterruptedException {
        var options =
                JobOptions.training()
                        .workers(workers)
                        .batch(run.rows(), data.images() ? 1 : data.length())
                        .microBatches(microBatches)
                        .how(how(start))
                        .codec(codec)
                        .maxPrice(maxPrice)
                        .checkpointEvery(checkpointEvery);
        var published = model == null ? Optional.<Publication>empty() : PublicationFile.read(model);
        if (published.isPresent()) {
            options = options.published(published.get());
        }
        options = here.applied(options, start.architecture());
        if (plan != null) {
            options = options.plan(read(plan, start.architecture()));
        }
        var kept = kept();
        if (kept != null) {
            options = options.keptIn(kept);
        }
        try (var distributed =
                user.createDistributedModel(start, options, new JobConsole(output))) {
            if (savePlan != null) {
                Files.writeString(savePlan, distributed.plan().text());
            }
            try (var console =
                    new TrainingConsole(
                            output,
                            run.steps(examples),
                            data.pace(run.rows()),
                            () -> distributed.report().stages())) {
                var trainee = Trainee.of(distributed);
                var end =
                        run.train(
                                trainee, run.stateAt(trainee.steps()), examples, training, console);
                var result = new LinkedHashMap<String, Object>();
                result.put("job", distributed.job().hex());
                result.putAll(result(end, console));
                result.put("weights", distributed.weightsDigest().hex());
                say(end, console);
                sayPace(distributed.report(), result);
                if (save != null) {
                    distributed.save(save);
                    if (training.adapts()) {
                        distributed.saveAdapters(save.resolve(ADAPTER));
                    }
                    output.say("saved to " + save);
                }
                output.tell(result);
            } catch (InterruptedException stopped) {
                distributed.cancel("stopped by its user");
                throw stopped;
            }
        }
    }

    private static Plan read(Path file, Architecture model) throws IOException {
        if (Files.size(file) > Plan.TEXT_LENGTH_MAX) {
            throw new UsageException("--plan " + file + ": larger than " + Plan.TEXT_LENGTH_MAX);
        }
        try {
            var plan = Plan.parse(Files.readString(file));
            if (plan.layers() != model.layers()) {
                throw new IllegalArgumentException(
                        plan.layers() + " layers, the model has " + model.layers());
            }
            return plan;
        } catch (IllegalArgumentException wrong) {
            throw new UsageException("--plan " + file + ": " + wrong.getMessage());
        }
    }

    private void sayPace(JobReport report, Map<String, Object> result) {
        if (report.predictedStep().isZero() || report.measuredStep().isZero()) {
            return;
        }
        result.put("predictedStepMillis", report.predictedStep().toNanos() / 1e6);
        result.put("measuredStepMillis", report.measuredStep().toNanos() / 1e6);
        output.say(
                String.format(
                        Locale.ROOT,
                        "a step was predicted to take %.0f ms, took %.0f ms",
                        report.predictedStep().toNanos() / 1e6,
                        report.measuredStep().toNanos() / 1e6));
    }

    /** The newest checkpoint of a run that learnt from the same. */
    private Checkpoint checkpoint(Path folder, Examples.Split<Batch> examples) throws IOException {
        var newest =
                new Checkpoints(folder, 1)
                        .newest()
                        .orElseThrow(() ->
                                new UsageException(
                                        "--resume " + folder + ": no checkpoint is there"));
        var checkpoint = Checkpoint.open(newest);
        checkpoint.requireSame(run.course(examples, training));
        requireUnfinished(checkpoint.trainerState().step(), examples);
        return checkpoint;
    }

    private void trainAlone(
            Model start, StageState state, TrainerState from, Examples.Split<Batch> examples)
            throws IOException, InterruptedException {
        var options = StageOptions.forTraining(how(start), threads);
        try (var engine = TorchEngine.open();
                var local = LocalRun.open(engine, start, state, Math.max(1, workers), options);
                var console =
                        new TrainingConsole(
                                output, run.steps(examples), data.pace(run.rows()), List::of)) {
            var end =
                    run.train(
                            Trainee.of(local, start, microBatches),
                            from,
                            examples,
                            training,
                            console);
            var result = result(end, console);
            result.put("weights", local.weightsDigest().hex());
            say(end, console);
            if (save != null) {
                var whole = start.withWeights(local.weights()).merged();
                try (var weights = whole.weights()) {
                    whole.withWeights(weights).save(save);
                }
                if (training.adapts()) {
                    try (var weights = local.weights()) {
                        start.withWeights(weights).saveAdapters(save.resolve(ADAPTER));
                    }
                }
                output.say("saved to " + save);
            }
            output.tell(result);
        }
    }

    private void say(TrainerState end, TrainingConsole console) {
        console.close();
        output.say(
                String.format(
                        Locale.ROOT,
                        "loss %.4f -> %.4f%s, %,.0f %s",
                        console.firstLoss(),
                        end.loss(),
                        judgement(end)
                                .map(it -> ", held out " + TrainingConsole.judged(it))
                                .orElse(""),
                        console.perSecond(),
                        console.pace().unit()));
    }

    private static Optional<Metrics> judgement(TrainerState end) {
        return end.history().stream()
                .filter(it -> it.value(Metrics.EVAL_LOSS).isPresent())
                .reduce((_, later) -> later);
    }

    private static Map<String, Object> result(TrainerState end, TrainingConsole console) {
        var result = new LinkedHashMap<String, Object>();
        result.put("steps", end.step());
        result.put("epochs", end.epoch());
        result.put("firstLoss", console.firstLoss());
        result.put("lastLoss", end.loss());
        judgement(end)
                .ifPresent(it -> {
                    it.value(Metrics.EVAL_LOSS).ifPresent(loss -> result.put("heldOutLoss", loss));
                    it.value(Metrics.EVAL_ACCURACY)
                            .ifPresent(share -> result.put("heldOutAccuracy", share));
                    it.value(Metrics.EVAL_F1).ifPresent(share -> result.put("heldOutF1", share));
                });
        result.put(console.pace().key(), console.perSecond());
        return result;
    }
}
