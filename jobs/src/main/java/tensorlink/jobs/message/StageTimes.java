package tensorlink.jobs.message;

import java.time.Duration;

/**
 * Where a stage's time and traffic went since it last told.
 *
 * @param waiting for neighbours, within a batch
 * @param bytesSent tensors' bytes to other nodes
 */
public record StageTimes(
        Duration forward, Duration backward, Duration waiting, long bytesSent, long bytesReceived) {

    public static StageTimes none() {
        return new StageTimes(Duration.ZERO, Duration.ZERO, Duration.ZERO, 0, 0);
    }

    public StageTimes plus(StageTimes other) {
        return new StageTimes(
                forward.plus(other.forward),
                backward.plus(other.backward),
                waiting.plus(other.waiting),
                bytesSent + other.bytesSent,
                bytesReceived + other.bytesReceived);
    }
}
