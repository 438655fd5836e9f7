package tensorlink.jobs.message;

import java.time.Duration;
import tensorlink.compute.tensor.CodecError;

/**
 * Where a stage's time and traffic went since it last told.
 *
 * @param waiting for neighbours, within a batch
 * @param bytesSent tensors' bytes to other nodes, as they travel
 * @param codecError how far what arrives is from what was sent
 */
public record StageTimes(
        Duration forward,
        Duration backward,
        Duration waiting,
        long bytesSent,
        long bytesReceived,
        CodecError codecError) {

    public static StageTimes none() {
        return new StageTimes(Duration.ZERO, Duration.ZERO, Duration.ZERO, 0, 0, CodecError.NONE);
    }

    public StageTimes plus(StageTimes other) {
        return new StageTimes(
                forward.plus(other.forward),
                backward.plus(other.backward),
                waiting.plus(other.waiting),
                bytesSent + other.bytesSent,
                bytesReceived + other.bytesReceived,
                codecError.plus(other.codecError));
    }

    /** What has been added since {@code earlier}. */
    public StageTimes since(StageTimes earlier) {
        return new StageTimes(
                forward.minus(earlier.forward),
                backward.minus(earlier.backward),
                waiting.minus(earlier.waiting),
                bytesSent - earlier.bytesSent,
                bytesReceived - earlier.bytesReceived,
                codecError.since(earlier.codecError));
    }
}
