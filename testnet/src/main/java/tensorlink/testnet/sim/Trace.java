package tensorlink.testnet.sim;

/** A hash over everything that happened, in order: equal for equal runs. FNV-1a, 64 bits. */
public final class Trace {
    private static final long OFFSET = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;

    private long hash = OFFSET;
    private long events;

    /** Notes that something happened; the numbers say what and when. */
    public void note(long... numbers) {
        for (long number : numbers) {
            long rest = number;
            for (int i = 0; i < Long.BYTES; i++) {
                hash = (hash ^ (rest & 0xff)) * PRIME;
                rest >>>= 8;
            }
        }
        events++;
    }

    /** How many things happened. */
    public long events() {
        return events;
    }

    /** The hash so far, in 16 hexadecimal digits. */
    public String hash() {
        return "%016x".formatted(hash);
    }
}
