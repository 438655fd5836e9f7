package tensorlink.compute.child;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.DeviceLimits;
import tensorlink.compute.Digest;
import tensorlink.compute.ExecutionProfile;
import tensorlink.compute.PreparedStep;
import tensorlink.compute.tensor.Tensor;
import tensorlink.compute.tensor.TensorSpec;

/** What the process of a stage says. */
sealed interface Reply {

    /** Said once, unasked, when the kernels are loaded. */
    record Ready(ExecutionProfile profile) implements Reply {}

    record Opened(List<TensorSpec> parameters) implements Reply {}

    record Measured(DeviceLimits limits) implements Reply {}

    record Done() implements Reply {}

    record Loss(float value) implements Reply {}

    record Result(@Nullable Tensor tensor) implements Reply {}

    record Prepared(PreparedStep step) implements Reply {}

    record CacheOpened(int cache) implements Reply {}

    /**
     * A state was taken.
     *
     * @param taken names it for {@link Call.ReadState}
     */
    record StateTaken(long taken, long step, List<TensorSpec> tensors) implements Reply {}

    record DigestsTold(Map<String, Digest> digests) implements Reply {}

    record Count(long value) implements Reply {}

    /** In the middle of a call that has a state: a piece of it is needed. */
    record Wants(String name, long offset, int length) implements Reply {}

    /**
     * The call failed.
     *
     * @param source of a {@link Kind#FORMAT}, else empty
     */
    record Failed(Kind kind, String source, String message) implements Reply {}

    /** How a call failed. */
    enum Kind {
        ARGUMENT,
        STATE,
        FORMAT,
        INPUT,
        /** Nobody's mistake: the stage is of no use any more. */
        COMPUTE
    }
}
