package tensorlink.jobs.exchange;

import java.time.Duration;
import tensorlink.jobs.job.JobLimits;

/**
 * How much a peer that shows itself again and again is suspected of being gone: the φ accrual
 * failure detector of Hayashibara, Défago, Yared and Katayama (SRDS 2004).
 *
 * <p>φ is −log₁₀ of the chance that the next sign of life comes even later than now, where the
 * times between signs are taken to be normally distributed as the last {@value #WINDOW} were; at a
 * threshold of {@value #THRESHOLD} one suspicion in 10⁸ is wrong. The normal distribution's tail is
 * that of Bowling, Khasawneh, Kaewkuekool and Cho (2009). Pure; for one thread.
 */
public final class Suspicion {
    static final double THRESHOLD = 8;
    static final int WINDOW = 100;

    /** A regular peer's deviation is not taken to be less than this part of the interval. */
    private static final int DEVIATION_PART_MIN = 8;

    private final Settings settings;
    private final double[] intervals = new double[WINDOW];
    private int count;
    private long last;

    /**
     * What is expected of a peer.
     *
     * @param interval expected between two signs of life, until they have shown their own
     * @param deviationMin the least that intervals are taken to deviate by, in the mean: else a
     *     peer that was as regular as a clock would be suspected as soon as it is a little late
     * @param pause that is forgiven over what was seen, for machines that stop now and then
     * @param silenceMax after which a peer is suspected whatever its intervals were
     */
    public record Settings(
            Duration interval, Duration deviationMin, Duration pause, Duration silenceMax) {

        /** Those for beats between the parties of a job; never slower than its fixed limit. */
        public static Settings of(JobLimits limits) {
            var pause = limits.silenceMax().minus(limits.beatInterval()).dividedBy(2);
            return new Settings(
                    limits.beatInterval(),
                    limits.beatInterval().dividedBy(DEVIATION_PART_MIN),
                    pause.isNegative() ? Duration.ZERO : pause,
                    limits.silenceMax());
        }
    }

    /**
     * @param now a monotonic clock's nanoseconds, as in the other methods; counts as a sign of life
     */
    public Suspicion(Settings settings, long now) {
        this.settings = settings;
        this.last = now;
        note((double) settings.interval().toNanos());
    }

    /** The peer has shown itself. */
    public void heard(long now) {
        // What was no longer believed in says nothing of the peer's usual ways.
        if (!isSuspect(now)) {
            note((double) (now - last));
        }
        last = now;
    }

    private void note(double interval) {
        intervals[count++ % WINDOW] = interval;
    }

    /** Whether the peer must be taken for gone. */
    public boolean isSuspect(long now) {
        return now - last >= settings.silenceMax().toNanos() || phi(now) >= THRESHOLD;
    }

    /** The suspicion now, from 0 upwards. */
    double phi(long now) {
        int seen = Math.min(count, WINDOW);
        double mean = 0;
        for (int i = 0; i < seen; i++) {
            mean += intervals[i] / seen;
        }
        double variance = 0;
        for (int i = 0; i < seen; i++) {
            variance += (intervals[i] - mean) * (intervals[i] - mean) / seen;
        }
        double deviation =
                Math.max(Math.sqrt(variance), (double) settings.deviationMin().toNanos());
        double late = (now - last - mean - settings.pause().toNanos()) / deviation;
        double exponent = late * (1.5976 + 0.070566 * late * late);
        // −log₁₀(1 / (1 + eˣ)), which is x log₁₀ e where eˣ would overflow.
        return exponent > 30 ? exponent * Math.log10(Math.E) : Math.log10(1 + Math.exp(exponent));
    }
}
