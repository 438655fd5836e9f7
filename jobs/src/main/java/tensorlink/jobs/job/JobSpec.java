package tensorlink.jobs.job;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import tensorlink.compute.Digest;
import tensorlink.compute.LayerRange;
import tensorlink.compute.TrainingOptions;
import tensorlink.compute.schedule.PipelineShape;
import tensorlink.compute.schedule.Schedule;
import tensorlink.compute.tensor.TensorCodec;
import tensorlink.p2p.peer.PeerId;

/**
 * What a user asks the network for.
 *
 * @param config the model's {@code config.json}, at most {@value #CONFIG_BYTES_MAX} bytes
 * @param weights names the weights to start from: the digest of their manifest
 * @param workers how many stages to split the layers that are not its user's own into, each of
 *     which has as many workers as {@code training} has replicas; 0 for as few as fit
 * @param workload the largest batch that will come
 * @param training how it is trained, if it is; a worker has room for that
 * @param pinned the workers to use, counted through as a {@link Grid} says; empty for any
 * @param avoided workers to use only where no others will do; at most {@value #AVOIDED_MAX}
 * @param own the ends of the model that stay with its user; empty for none, at most {@value
 *     #OWN_MAX}, and none where there are replicas
 * @param split the layers of each stage of pinned workers, if that is decided, from the first that
 *     is not its user's own on; empty for the validator to do
 * @param codec of what stages send each other
 * @param lifetime how long the job may live, at most {@link #LIFETIME_MAX}
 */
public record JobSpec(
        Purpose purpose,
        ByteString config,
        Digest weights,
        int workers,
        Workload workload,
        TrainingOptions training,
        List<PeerId> pinned,
        List<PeerId> avoided,
        List<OwnStage> own,
        List<LayerRange> split,
        TensorCodec codec,
        Duration lifetime) {
    public static final int CONFIG_BYTES_MAX = 1 << 20;
    public static final int WORKERS_MAX = 256;
    public static final int AVOIDED_MAX = 256;

    /** One at each end of the model. */
    public static final int OWN_MAX = 2;

    public static final Duration LIFETIME_MAX = Duration.ofDays(30);

    public JobSpec {
        pinned = List.copyOf(pinned);
        avoided = List.copyOf(avoided);
        own = List.copyOf(own);
        split = List.copyOf(split);
        if (config.isEmpty() || config.size() > CONFIG_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "config of " + config.size() + " bytes, 1 to " + CONFIG_BYTES_MAX);
        }
        if (workers < 0 || workers > WORKERS_MAX) {
            throw new IllegalArgumentException("workers " + workers + ", 0 to " + WORKERS_MAX);
        }
        int replicas = training.replicas();
        if (workers * replicas > WORKERS_MAX) {
            throw new IllegalArgumentException(
                    "workers " + workers + " x " + replicas + " replicas, 0 to " + WORKERS_MAX);
        }
        if (replicas > 1 && purpose != Purpose.TRAINING) {
            throw new IllegalArgumentException("replicas " + replicas + " without a training, 1");
        }
        new PipelineShape(1, workload.microBatches()).share(replicas);
        if (!pinned.isEmpty() && pinned.size() != workers * replicas) {
            throw new IllegalArgumentException(
                    pinned.size()
                            + " pinned workers for "
                            + workers
                            + " stages"
                            + (replicas == 1 ? "" : " x " + replicas + " replicas"));
        }
        var nodes = new HashSet<>(pinned);
        own.forEach(stage -> nodes.add(stage.node()));
        if (nodes.size() != pinned.size() + own.size()) {
            throw new IllegalArgumentException("a worker is pinned twice");
        }
        requireEnds(own);
        if (replicas > 1 && !own.isEmpty()) {
            throw new IllegalArgumentException(
                    "replicas " + replicas + " with layers of its user's own, 1");
        }
        if (!split.isEmpty() && split.size() * replicas != pinned.size()) {
            throw new IllegalArgumentException(
                    "a split into " + split.size() + " for " + pinned.size() + " pinned workers");
        }
        int next = begin(own);
        for (var range : split) {
            if (range.first() != next) {
                throw new IllegalArgumentException(
                        "split: a gap or an overlap at layer " + next + ": " + range);
            }
            next = range.end();
        }
        if (training.schedule() == Schedule.INTERLEAVED) {
            throw new IllegalArgumentException(
                    "schedule interleaved: a worker of a job has one chunk of layers");
        }
        if (avoided.size() > AVOIDED_MAX) {
            throw new IllegalArgumentException(
                    avoided.size() + " workers to avoid, at most " + AVOIDED_MAX);
        }
        if (!lifetime.isPositive() || lifetime.compareTo(LIFETIME_MAX) > 0) {
            throw new IllegalArgumentException(
                    "lifetime " + lifetime + ", above zero to " + LIFETIME_MAX);
        }
    }

    private static void requireEnds(List<OwnStage> own) {
        if (own.size() > OWN_MAX) {
            throw new IllegalArgumentException(
                    own.size() + " stages of its user's own, at most " + OWN_MAX);
        }
        for (int i = 1; i < own.size(); i++) {
            var before = own.get(i - 1).layers();
            var layers = own.get(i).layers();
            if (before.first() != 0 || layers.first() <= before.end()) {
                throw new IllegalArgumentException(
                        "its user's own " + before + " and " + layers + " are no two ends");
            }
        }
    }

    /** The first layer that is for others to hold. */
    public static int begin(List<OwnStage> own) {
        return own.isEmpty() || own.getFirst().layers().first() > 0
                ? 0
                : own.getFirst().layers().end();
    }

    /** How many stages the model is cut into; 0 for as few as fit. */
    public int stages() {
        return workers == 0 ? 0 : workers + own.size();
    }

    /** A job on any workers, as good as the others. */
    public JobSpec(
            Purpose purpose,
            ByteString config,
            Digest weights,
            int workers,
            Workload workload,
            TrainingOptions training,
            List<PeerId> pinned,
            Duration lifetime) {
        this(
                purpose,
                config,
                weights,
                workers,
                workload,
                training,
                pinned,
                List.of(),
                List.of(),
                List.of(),
                TensorCodec.EXACT,
                lifetime);
    }

    /** The same from other weights, rather not on some workers, for the rest of a lifetime. */
    public JobSpec continuedFrom(Digest otherWeights, List<PeerId> others, Duration rest) {
        return new JobSpec(
                purpose,
                config,
                otherWeights,
                workers,
                workload,
                training,
                pinned,
                others,
                own,
                split,
                codec,
                rest);
    }
}
