package tensorlink.node.cli;

/**
 * What the speed of a training is counted in.
 *
 * @param unit as people read it
 * @param key under which it stands in JSON
 * @param ofStep how many a step has
 */
public record Pace(String unit, String key, long ofStep) {

    /** Of text. */
    public static Pace tokens(long ofStep) {
        return new Pace("tok/s", "tokensPerSecond", ofStep);
    }

    public static Pace images(long ofStep) {
        return new Pace("images/s", "imagesPerSecond", ofStep);
    }
}
