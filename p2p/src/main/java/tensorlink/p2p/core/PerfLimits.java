package tensorlink.p2p.core;

/**
 * What peers may take of a host by measuring throughput with it.
 *
 * @param uploadBytesMax the most that one measurement sends here
 * @param answerBytesMax the most that one measurement has sent back
 * @param atOnceMax how many measurements there are at a time; further ones are reset
 */
public record PerfLimits(long uploadBytesMax, long answerBytesMax, int atOnceMax) {
    private static final long ANSWER_BYTES_MAX = 1L << 40;

    public PerfLimits {
        if (uploadBytesMax < 0 || answerBytesMax < 0 || answerBytesMax > ANSWER_BYTES_MAX) {
            throw new IllegalArgumentException(
                    uploadBytesMax + " bytes up and " + answerBytesMax + " bytes down");
        }
        if (atOnceMax < 1) {
            throw new IllegalArgumentException(atOnceMax + " measurements at once, at least 1");
        }
    }

    /** For a host that is there to be measured with: nothing holds peers back. */
    public static PerfLimits generous() {
        return new PerfLimits(Long.MAX_VALUE, ANSWER_BYTES_MAX, Integer.MAX_VALUE);
    }
}
