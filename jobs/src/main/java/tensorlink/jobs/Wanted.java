package tensorlink.jobs;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import tensorlink.compute.GraphModel;
import tensorlink.compute.Model;
import tensorlink.compute.Precision;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobSpec;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.job.Workload;
import tensorlink.jobs.message.Manifest;

/** A job as its user wants it, whoever works on it. */
record Wanted(
        Model model, Manifest manifest, JobSpec spec, JobOptions options, JobListener listener) {

    /**
     * A job for a model.
     *
     * @throws JobException when it is one that cannot be done
     */
    static Wanted of(Model model, JobOptions options, JobListener listener)
            throws IOException, InterruptedException {
        var manifest = manifest(model);
        return new Wanted(model, manifest, spec(model, manifest, options), options, listener);
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

    private static Manifest manifest(Model model) throws IOException, InterruptedException {
        var wanted = new HashSet<String>();
        var architecture = model.architecture();
        for (var tensor : architecture.tensors(architecture.allLayers())) {
            wanted.add(tensor.name());
        }
        return Manifest.of(model.weights(), wanted::contains);
    }

    private static JobSpec spec(Model model, Manifest manifest, JobOptions options)
            throws JobException {
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
        if (!options.split().isEmpty()
                && options.split().getLast().end() != model.architecture().layers()) {
            throw new JobException(
                    ProblemCode.MALFORMED,
                    "job not asked for",
                    "its plan has "
                            + options.split().getLast().end()
                            + " layers, the model "
                            + model.architecture().layers(),
                    "name each layer of the model once");
        }
        for (var range : options.split()) {
            if (!model.architecture().separable(range.end())) {
                throw new JobException(
                        ProblemCode.MALFORMED,
                        "job not asked for",
                        "its plan parts layers that share tensors, before layer " + range.end(),
                        "let one stage have both");
            }
        }
        if (model.architecture() instanceof GraphModel
                && options.how().precision() != Precision.F32) {
            throw new JobException(
                    ProblemCode.NOT_ALLOWED,
                    "job not asked for",
                    "a layer graph is not trained in " + options.how().precision(),
                    "train it in F32");
        }
        int length =
                options.length() > 0
                        ? options.length()
                        : Math.min(model.architecture().contextLength(), JobOptions.LENGTH_PRESET);
        int microBatches = Math.min(options.microBatches(), options.rows());
        return new JobSpec(
                options.purpose(),
                ByteString.copyFrom(model.architecture().json()),
                manifest.digest(),
                options.workers(),
                new Workload(Math.ceilDiv(options.rows(), microBatches), length, microBatches),
                options.how(),
                options.pinned(),
                List.of(),
                options.split(),
                options.codec(),
                options.lifetime());
    }
}
