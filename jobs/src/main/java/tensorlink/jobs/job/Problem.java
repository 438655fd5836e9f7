package tensorlink.jobs.job;

/**
 * Why something did not happen, told in three sentences.
 *
 * @param code for programs
 * @param what what did not happen
 * @param why the cause, with numbers
 * @param now what whoever reads this can do
 */
public record Problem(ProblemCode code, String what, String why, String now) {
    /** The longest sentence taken from a peer. */
    public static final int SENTENCE_LENGTH_MAX = 500;

    public Problem {
        what = bounded(what);
        why = bounded(why);
        now = bounded(now);
    }

    private static String bounded(String sentence) {
        return sentence.length() <= SENTENCE_LENGTH_MAX
                ? sentence
                : sentence.substring(0, SENTENCE_LENGTH_MAX);
    }

    @Override
    public String toString() {
        return code.text() + ": " + what + ": " + why + (now.isEmpty() ? "" : " (" + now + ")");
    }
}
