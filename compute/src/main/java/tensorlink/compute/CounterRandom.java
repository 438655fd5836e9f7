package tensorlink.compute;

/**
 * Random numbers that depend on a key and an index alone, so that any can be had without those
 * before it: SplitMix64 entered at a place instead of stepped.
 *
 * <p>Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
 * with Stafford's mixer 13.
 */
public record CounterRandom(long key) {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    /** A generator whose numbers have nothing to do with those of a nearby key. */
    public static CounterRandom of(long seed) {
        return new CounterRandom(mix(seed + GOLDEN_GAMMA));
    }

    /** A generator of its own for a place, which has nothing to do with this one's numbers. */
    public CounterRandom at(long place) {
        return new CounterRandom(mix(key ^ mix((place + 1) * GOLDEN_GAMMA)));
    }

    /** In [0, 1), in steps of 2^-53. */
    public double uniform(long index) {
        return (mix(key + (index + 1) * GOLDEN_GAMMA) >>> 11) * 0x1p-53;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
