package tensorlink.jobs;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tensorlink.compute.Architecture;
import tensorlink.compute.GraphModel;
import tensorlink.compute.LayerRange;
import tensorlink.compute.Model;
import tensorlink.compute.Precision;
import tensorlink.compute.schedule.PipelineShape;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.OwnStage;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.message.Manifest;
import tensorlink.p2p.core.Scheduler;

/** A job as its user wants it, whoever works on it. */
record Wanted(
        Model model, Manifest manifest, JobSpec spec, JobOptions options, JobListener listener) {

    /**
     * A job for a model that {@link #requirePossible} lets pass.
     *
     * @param own what stays with the user
     */
    static Wanted of(
            Model model,
            JobOptions options,
            List<OwnStage> own,
            JobListener listener,
            Scheduler scheduler)
            throws IOException, InterruptedException {
        var manifest = manifest(model, scheduler);
        return new Wanted(model, manifest, spec(model, manifest, options, own), options, listener);
    }

    /** The layers that stay with the user, at most one range at each end. */
    static List<LayerRange> own(Model model, JobOptions options) {
        int layers = model.architecture().layers();
        var own = new ArrayList<LayerRange>();
        if (options.firstHere() > 0) {
            own.add(new LayerRange(0, options.firstHere()));
        }
        if (options.lastHere() > 0) {
            own.add(new LayerRange(layers - options.lastHere(), layers));
        }
        return own;
    }

    /** The same, beginning again, which its user need not follow step by step. */
    Wanted quietly() {
        return new Wanted(
                model,
                manifest,
                spec,
                options,
                new JobListener() {
                    @Override
                    public void warned(String warning) {
                        listener.warned(warning);
                    }
                });
    }

    private static Manifest manifest(Model model, Scheduler scheduler)
            throws IOException, InterruptedException {
        var wanted = new HashSet<String>();
        var architecture = model.architecture();
        for (var tensor : architecture.tensors(architecture.allLayers())) {
            wanted.add(tensor.name());
        }
        return Manifest.of(model.weights(), wanted::contains, scheduler);
    }

    /**
     * Checks what can be known before anybody is asked.
     *
     * @throws JobException when it is a job that cannot be done
     */
    static void requirePossible(Model model, JobOptions options) throws JobException {
        if (options.length() > model.architecture().contextLength()) {
            throw new JobException(
                    ProblemCode.TOO_LARGE,
                    "job not asked for",
                    "sequences of "
                            + options.length()
                            + ", the model's context length is "
                            + model.architecture().contextLength(),
                    "ask for a shorter length: JobOptions.batch(rows, length)");
        }
        requireWholePlan(model.architecture(), options);
        requireReplicas(model.architecture(), options);
        if (model.architecture() instanceof GraphModel
                && options.how().precision() != Precision.F32) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job not asked for",
                    "a layer graph is not trained in " + options.how().precision(),
                    "train it in F32");
        }
    }

    private static void requireReplicas(Architecture model, JobOptions options)
            throws JobException {
        int replicas = options.how().replicas();
        try {
            model.requireReplicas(replicas);
            new PipelineShape(1, Math.min(options.microBatches(), options.rows())).share(replicas);
        } catch (IllegalArgumentException unfit) {
            throw new JobException(
                    new Problem(
                            ProblemCode.MALFORMED,
                            "job not asked for",
                            String.valueOf(unfit.getMessage()),
                            "ask for other replicas or micro-batches, or more rows in a batch"),
                    unfit);
        }
        if (replicas > 1 && options.firstHere() + options.lastHere() > 0) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not asked for",
                    replicas + " replicas with layers that stay here, expected 1",
                    "keep no layers here, or ask for no replicas");
        }
        if (options.pinned().size() % replicas != 0) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not asked for",
                    options.pinned().size() + " pinned workers for " + replicas + " replicas",
                    "pin as many for each replica");
        }
    }

    private static void requireWholePlan(Architecture model, JobOptions options)
            throws JobException {
        long here = (long) options.firstHere() + options.lastHere();
        if (here >= model.layers()) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not asked for",
                    here + " of " + model.layers() + " layers are to stay here",
                    "leave some to workers, or use a local run");
        }
        int planned = options.split().isEmpty() ? 0 : options.split().getLast().end();
        if (planned > 0 && planned + options.lastHere() != model.layers()) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not asked for",
                    "its plan has "
                            + (planned + options.lastHere())
                            + " layers, the model "
                            + model.layers(),
                    "name each layer of the model once");
        }
        var cuts = new ArrayList<Integer>();
        options.split().forEach(range -> cuts.add(range.end()));
        cuts.add(options.firstHere());
        cuts.add(model.layers() - options.lastHere());
        for (int cut : cuts) {
            if (cut > 0 && !model.separable(cut)) {
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "job not asked for",
                        "its plan parts layers that share tensors, before layer " + cut,
                        "let one stage have both");
            }
        }
    }

    private static JobSpec spec(
            Model model, Manifest manifest, JobOptions options, List<OwnStage> own) {
        int length =
                options.length() > 0
                        ? options.length()
                        : Math.min(model.architecture().contextLength(), JobOptions.LENGTH_PRESET);
        int microBatches = Math.min(options.microBatches(), options.rows());
        return new JobSpec(
                options.purpose(),
                ByteString.copyFrom(model.architecture().json()),
                manifest.digest(),
                options.pinned().isEmpty()
                        ? options.workers()
                        : options.pinned().size() / options.how().replicas(),
                new Workload(Math.ceilDiv(options.rows(), microBatches), length, microBatches),
                options.how(),
                options.pinned(),
                List.of(),
                own,
                options.split(),
                options.codec(),
                options.lifetime());
    }
}
