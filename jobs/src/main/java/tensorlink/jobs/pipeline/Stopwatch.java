package tensorlink.jobs.pipeline;

import java.time.Duration;
import tensorlink.compute.tensor.CodecError;
import tensorlink.jobs.message.StageTimes;
import tensorlink.p2p.core.Scheduler;

/** Adds up where a stage's time goes. Used by one thread, read by others. */
final class Stopwatch {
    /** What the time between two laps was spent on. */
    enum Part {
        FORWARD,
        BACKWARD,
        WAITING
    }

    private final Scheduler scheduler;
    private volatile long forward;
    private volatile long backward;
    private volatile long waiting;
    private long lap;

    Stopwatch(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Begins; time before is not counted. */
    void start() {
        lap = scheduler.nanoTime();
    }

    /** Counts the time since the last lap. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // written by one thread
    void lap(Part part) {
        long now = scheduler.nanoTime();
        long spent = now - lap;
        lap = now;
        switch (part) {
            case FORWARD -> forward += spent;
            case BACKWARD -> backward += spent;
            case WAITING -> waiting += spent;
        }
    }

    StageTimes times(long bytesSent, long bytesReceived, CodecError codecError) {
        return new StageTimes(
                Duration.ofNanos(forward),
                Duration.ofNanos(backward),
                Duration.ofNanos(waiting),
                bytesSent,
                bytesReceived,
                codecError);
    }
}
