package tensorlink.jobs.job;

import java.time.Duration;

/**
 * How long the parties of a job wait for each other, and how much one may ask of another. Nothing
 * in a job hangs longer than the deadline named here.
 *
 * @param capabilityTimeout a validator for a worker to say what it offers
 * @param offerTimeout a validator for a worker's answer to an offer
 * @param reservation how long a worker holds memory for a user who has not come
 * @param requestTimeout a user for a validator's plan
 * @param openTimeout a user for a worker to sign
 * @param loadSilence a user for a loading worker to make progress
 * @param linkTimeout a worker for its neighbours to connect
 * @param batchTimeout a user for the result of a batch, and for a step to be prepared
 * @param closeTimeout a user for a worker to free everything
 * @param beatInterval how often user and worker show that they are there
 * @param silenceMax after how long without a sign one takes the other for lost
 * @param grace how long a worker keeps its stage, and the memory for it, for a user that was lost,
 *     who keeps the job if it comes back by then; zero for not at all
 * @param tensorBytesMax the largest tensor on the wire of any job; on a stream of a job it is also
 *     no larger than that job's model and workload make it, for which its memory was agreed
 */
public record JobLimits(
        Duration capabilityTimeout,
        Duration offerTimeout,
        Duration reservation,
        Duration requestTimeout,
        Duration openTimeout,
        Duration loadSilence,
        Duration linkTimeout,
        Duration batchTimeout,
        Duration closeTimeout,
        Duration beatInterval,
        Duration silenceMax,
        Duration grace,
        long tensorBytesMax) {

    public static JobLimits defaults() {
        return new JobLimits(
                Duration.ofSeconds(2),
                Duration.ofSeconds(3),
                Duration.ofMinutes(1),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                Duration.ofSeconds(15),
                Duration.ofSeconds(10),
                Duration.ofMinutes(5),
                Duration.ofSeconds(10),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                16L << 30);
    }

    /** The same with other patience between user and workers. */
    public JobLimits withSilence(Duration beatInterval, Duration silenceMax) {
        return new JobLimits(
                capabilityTimeout,
                offerTimeout,
                reservation,
                requestTimeout,
                openTimeout,
                loadSilence,
                linkTimeout,
                batchTimeout,
                closeTimeout,
                beatInterval,
                silenceMax,
                grace,
                tensorBytesMax);
    }
}
