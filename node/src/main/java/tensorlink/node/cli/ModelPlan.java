package tensorlink.node.cli;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tensorlink.compute.Architecture;
import tensorlink.compute.LayerRange;
import tensorlink.compute.MemoryEstimate;
import tensorlink.compute.Model;
import tensorlink.compute.Speed;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.Work;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.market.Partition;
import tensorlink.jobs.market.StageMemory;
import tensorlink.p2p.peer.PeerId;

/** Says how a model would be split, without asking anybody. */
@Command(
        name = "plan",
        description = "Show how a model would be split over workers, and what each stage needs.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  tensorlink model plan all-minilm-l6-v2 --workers 2 --memory \"512 MiB\"",
            "  tensorlink model plan out --memory 8GiB,4GiB,4GiB --train --rows 8 -o json",
        })
final class ModelPlan implements Callable<Integer> {
    /** Nobody measured; only that all are alike matters for where the cuts are. */
    private static final Speed ALIKE = new Speed(20e9, 20e9, 1e9, 10e9);

    private static final int LENGTH_PRESET = 128;
    private static final int WORKERS_MAX = 256;

    @Mixin private HomeFlag flag = new HomeFlag();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "MODEL", description = "name of a model in the home, or a folder")
    private String model = ".";

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "0",
            description = "stages to split it into; 0 for one for each --memory")
    private int workers;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            required = true,
            split = ",",
            description = "what each worker lends, as \"4 GiB\"; one size for all, or one for each")
    private List<String> memory = List.of();

    @Option(names = "--train", description = "plan for training with AdamW, not for inference")
    private boolean train;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "1",
            description = "sequences of a micro-batch")
    private int rows;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "positions of a sequence; 0 for "
                            + LENGTH_PRESET
                            + ", or what there is room for")
    private int length;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            defaultValue = "1",
            description = "parts of a batch, all of which may be in flight")
    private int microBatches;

    @Override
    public Integer call() throws IOException {
        var loaded = Model.load(new InstalledModels(flag.home()).find(model));
        var architecture = loaded.architecture();
        int context = Math.min(architecture.contextLength(), Workload.LENGTH_MAX);
        UsageException.requireRange("--rows", rows, 1, Workload.ROWS_MAX);
        UsageException.requireRange("--length", length, 0, context);
        UsageException.requireRange("--micro-batches", microBatches, 1, Workload.MICRO_BATCHES_MAX);
        var load =
                new MemoryEstimate.Load(
                        rows,
                        length == 0 ? Math.min(LENGTH_PRESET, context) : length,
                        microBatches);
        requireCountable(architecture, load);
        var candidates = candidates(architecture.layers());
        var partition = new Partition(architecture.layers(), costs(architecture, load));
        return switch (partition.plan(candidates.size(), candidates)) {
            case Partition.Result.Placed placed ->
                    tell(loaded.name(), architecture, load, candidates, placed);
            case Partition.Result.TooLittleMemory(
                            long needed,
                            long offered,
                            long missing,
                            int stages) -> {
                output.say(
                        "does not fit: an even split into "
                                + stages
                                + " needs "
                                + Sizes.bytes(needed)
                                + " of "
                                + Sizes.bytes(offered)
                                + " offered; the fullest stage lacks "
                                + Sizes.bytes(missing));
                var facts = new LinkedHashMap<String, Object>();
                facts.put("model", loaded.name());
                facts.put("fits", false);
                facts.put("stages", stages);
                facts.put("neededBytes", needed);
                facts.put("offeredBytes", offered);
                facts.put("missingBytes", missing);
                output.tell(facts);
                yield ExitCode.NO_CAPACITY.status();
            }
            case Partition.Result.TooFewWorkers(int wanted, int found) ->
                    throw new UsageException(
                            "--workers " + wanted + ": there are stages for " + found);
        };
    }

    private List<Partition.Candidate> candidates(int layers) {
        int count = workers == 0 ? memory.size() : workers;
        UsageException.requireRange("--workers", count, 1, Math.min(WORKERS_MAX, layers));
        if (memory.size() != 1 && memory.size() != count) {
            throw new UsageException(
                    "--memory: "
                            + memory.size()
                            + " sizes for "
                            + count
                            + " workers; one for all, or one for each");
        }
        var candidates = new ArrayList<Partition.Candidate>();
        for (int number = 0; number < count; number++) {
            var size = memory.get(memory.size() == 1 ? 0 : number);
            candidates.add(
                    new Partition.Candidate(
                            stranger(number), Sizes.parse("--memory", size), ALIKE));
        }
        return candidates;
    }

    /** A name for a worker that is only thought of: a multihash that is no key's. */
    private static PeerId stranger(int number) {
        return new PeerId(
                ByteString.copyFrom(
                        new byte[] {0, 2, (byte) (number >> Byte.SIZE), (byte) number}));
    }

    /** The need grows at most as the positions do, and must not wrap around. */
    private void requireCountable(Architecture architecture, MemoryEstimate.Load load) {
        long one =
                estimate(architecture, architecture.allLayers(), new MemoryEstimate.Load(1, 1, 1))
                        .total();
        if ((double) one * load.rows() * load.time() * load.inFlight() >= StageMemory.BYTES_MAX) {
            throw new UsageException(
                    "--rows, --length and --micro-batches: "
                            + load.rows()
                            + " x "
                            + load.time()
                            + " x "
                            + load.inFlight()
                            + " need more than "
                            + Sizes.bytes(StageMemory.BYTES_MAX));
        }
    }

    private MemoryEstimate estimate(
            Architecture architecture, LayerRange layers, MemoryEstimate.Load load) {
        return train
                ? MemoryEstimate.ofTraining(architecture, layers, load, TrainingOptions.defaults())
                : MemoryEstimate.ofInference(architecture, layers, load);
    }

    private Partition.Costs costs(Architecture architecture, MemoryEstimate.Load load) {
        return new Partition.Costs() {
            @Override
            public long memory(LayerRange range, int stage, int stages) {
                return estimate(architecture, range, load).total();
            }

            @Override
            public Work work(LayerRange range) {
                return train
                        ? Work.ofTraining(architecture, range, load.rows(), load.time())
                        : Work.ofGenerating(architecture, range);
            }

            @Override
            public int microBatches() {
                return train ? load.inFlight() : 1;
            }

            @Override
            public double bytesBetween() {
                double bytes = architecture.positionBytes().edge();
                return train ? 2 * bytes * load.rows() * load.time() : bytes;
            }

            @Override
            public int crossings() {
                return train ? 2 : 1;
            }
        };
    }

    private int tell(
            String name,
            Architecture architecture,
            MemoryEstimate.Load load,
            List<Partition.Candidate> candidates,
            Partition.Result.Placed placed) {
        output.say(
                (train ? "training " : "inference of ")
                        + name
                        + " with "
                        + load.inFlight()
                        + " x "
                        + load.rows()
                        + " x "
                        + load.time()
                        + " positions, workers of equal speed");
        var stages = new ArrayList<Map<String, Object>>();
        for (var assignment : placed.assignments()) {
            int worker = 0;
            while (!candidates.get(worker).worker().equals(assignment.worker())) {
                worker++;
            }
            var layers = assignment.layers();
            var estimate = estimate(architecture, layers, load);
            long lent = candidates.get(worker).freeBytes();
            output.say(
                    "stage "
                            + (stages.size() + 1)
                            + "  layers "
                            + layers.first()
                            + "-"
                            + (layers.end() - 1)
                            + "  worker "
                            + (worker + 1)
                            + "  "
                            + Sizes.bytes(estimate.total())
                            + " of "
                            + Sizes.bytes(lent)
                            + "  (weights "
                            + Sizes.bytes(estimate.weights())
                            + ", training "
                            + Sizes.bytes(estimate.training())
                            + ", activations "
                            + Sizes.bytes(estimate.activations())
                            + ", scratch "
                            + Sizes.bytes(estimate.scratch())
                            + ")");
            var facts = new LinkedHashMap<String, Object>();
            facts.put("worker", worker + 1);
            facts.put("first", layers.first());
            facts.put("end", layers.end());
            facts.put("bytes", estimate.total());
            facts.put("lentBytes", lent);
            facts.put("weightBytes", estimate.weights());
            facts.put("trainingBytes", estimate.training());
            facts.put("activationBytes", estimate.activations());
            facts.put("scratchBytes", estimate.scratch());
            stages.add(facts);
        }
        var plan = new LinkedHashMap<String, Object>();
        plan.put("model", name);
        plan.put("fits", true);
        plan.put("stages", stages);
        output.tell(plan);
        return ExitCode.DONE.status();
    }
}
