package tensorlink.compute;

/** The keys and values of one generation on one stage. Belongs to the stage that opened it. */
public interface KvCache extends AutoCloseable {

    /** How many positions are held. */
    int position();

    /** The most positions that fit. */
    int capacity();

    /** Forgets all positions from {@code position} on. */
    void truncate(int position);

    /** Releases the memory; idempotent. */
    @Override
    void close();
}
