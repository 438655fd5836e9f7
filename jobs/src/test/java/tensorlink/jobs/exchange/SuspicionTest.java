package tensorlink.jobs.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tensorlink.jobs.job.JobLimits;

class SuspicionTest {
    private static final Duration BEAT = Duration.ofSeconds(2);
    private static final Suspicion.Settings IMPATIENT =
            new Suspicion.Settings(
                    BEAT, Duration.ofMillis(500), Duration.ZERO, Duration.ofHours(1));

    private static long nanos(double seconds) {
        return (long) (seconds * 1e9);
    }

    @Test
    void suspicion_is_the_logarithm_of_the_chance_to_be_wrong() {
        var suspicion = new Suspicion(IMPATIENT, 0);
        // Of normally distributed intervals half are above the mean, 15.87 % by one deviation,
        // 2.275 % by two, 0.135 % by three.
        assertThat(suspicion.phi(nanos(2))).isCloseTo(-Math.log10(0.5), within(0.01));
        assertThat(suspicion.phi(nanos(2.5))).isCloseTo(-Math.log10(0.1587), within(0.01));
        assertThat(suspicion.phi(nanos(3))).isCloseTo(-Math.log10(0.02275), within(0.02));
        assertThat(suspicion.phi(nanos(3.5))).isCloseTo(-Math.log10(0.00135), within(0.05));
        assertThat(suspicion.phi(nanos(0))).isLessThan(0.001);
    }

    @Test
    void suspicion_grows_with_every_moment_of_silence_and_never_overflows() {
        var suspicion = new Suspicion(IMPATIENT, 0);
        double before = -1;
        for (double second = 0; second < 1000; second += 0.7) {
            double now = suspicion.phi(nanos(second));
            assertThat(now).as("after %s s", second).isGreaterThan(before).isFinite();
            before = now;
        }
    }

    @Test
    void a_regular_peer_is_missed_long_before_the_fixed_limit_would_tell() {
        var limits = JobLimits.defaults();
        var suspicion = new Suspicion(Suspicion.Settings.of(limits), 0);
        long now = 0;
        for (int beat = 0; beat < 500; beat++) {
            now += limits.beatInterval().toNanos();
            suspicion.heard(now);
        }

        assertThat(suspicion.isSuspect(now + nanos(7))).isFalse();
        assertThat(suspicion.isSuspect(now + nanos(7.5))).isTrue();
        assertThat(limits.silenceMax()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void whatever_its_ways_were_a_peer_is_missed_when_the_fixed_limit_is_over() {
        var limits = JobLimits.defaults();
        for (int seed = 0; seed < 200; seed++) {
            var random = new SplittableRandom(seed);
            var suspicion = new Suspicion(Suspicion.Settings.of(limits), 0);
            long now = 0;
            for (int beat = 0; beat < random.nextInt(300); beat++) {
                now += random.nextLong(1, nanos(20));
                suspicion.heard(now);
            }

            assertThat(suspicion.isSuspect(now + limits.silenceMax().toNanos()))
                    .as("seed %d", seed)
                    .isTrue();
        }
    }

    @Test
    void a_peer_that_is_late_now_and_then_is_given_more_time() {
        var regular = new Suspicion(IMPATIENT, 0);
        var irregular = new Suspicion(IMPATIENT, 0);
        long now = 0;
        for (int beat = 0; beat < Suspicion.WINDOW; beat++) {
            now += nanos(2);
            regular.heard(now);
            irregular.heard(beat % 2 == 0 ? now : now + nanos(1));
        }

        assertThat(regular.isSuspect(now + nanos(5.5))).isTrue();
        assertThat(irregular.isSuspect(now + nanos(5.5))).isFalse();
    }

    @Test
    void regular_beats_with_some_jitter_are_not_suspected_in_a_million() {
        var random = new SplittableRandom(7);
        var suspicion = new Suspicion(IMPATIENT, 0);
        long now = 0;
        for (int beat = 0; beat < 1_000_000; beat++) {
            now += Math.max(1, nanos(2 + 0.5 * random.nextGaussian()));
            assertThat(suspicion.isSuspect(now)).as("seed 7, beat %d", beat).isFalse();
            suspicion.heard(now);
        }
    }

    @Test
    void who_comes_back_is_trusted_again_and_its_absence_teaches_nothing() {
        var suspicion = new Suspicion(IMPATIENT, 0);
        suspicion.heard(nanos(2));
        boolean gone = suspicion.isSuspect(nanos(60));
        suspicion.heard(nanos(60));

        assertThat(gone).isTrue();
        assertThat(suspicion.isSuspect(nanos(61))).isFalse();
        assertThat(suspicion.isSuspect(nanos(60 + 5.5))).isTrue();
    }
}
