package tensorlink.p2p.mux;

import java.time.Duration;

/**
 * Decides when to ask the remote for a sign of life and when to give it up, and measures the round
 * trip on the way. Any byte is a sign of life; time is in nanoseconds.
 */
final class Heartbeat {
    private final Duration interval;
    private final Duration timeout;

    private boolean heard;
    private boolean asked;
    private long askedAt;
    private int question;
    private long roundTrip;

    Heartbeat(Duration interval, Duration timeout) {
        this.interval = interval;
        this.timeout = timeout;
    }

    /** Something came from the remote. */
    void heard() {
        heard = true;
    }

    /** The number to ask now; the answer must repeat it. */
    int ask(long now) {
        asked = true;
        askedAt = now;
        heard = false;
        return ++question;
    }

    /** Whether a question waits for its answer. */
    boolean isAsking() {
        return asked;
    }

    /** Takes an answer; one that nobody asked for is ignored. */
    void answered(int value, long now) {
        if (asked && value == question) {
            asked = false;
            long measured = Math.max(1, now - askedAt);
            roundTrip = roundTrip == 0 ? measured : Math.min(roundTrip, measured);
        }
    }

    /**
     * The shortest round trip, or 0 while none was measured. In the longer ones bytes waited, maybe
     * because windows were large already; they must not grow for that.
     */
    long roundTrip() {
        return roundTrip;
    }

    /** What to do now. */
    Verdict beat(long now) {
        if (heard) {
            heard = false;
            asked = false;
            return Verdict.ALIVE;
        }
        if (!asked) {
            return Verdict.ASK;
        }
        return now - askedAt >= timeout.toNanos() ? Verdict.DEAD : Verdict.ALIVE;
    }

    /** How long to wait until the next beat. */
    Duration pause() {
        return asked ? timeout : interval;
    }

    /** How the remote seems to be. */
    enum Verdict {
        ALIVE,
        ASK,
        DEAD
    }
}
