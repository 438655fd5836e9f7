package tensorlink.ledger;

/**
 * A place in a ledger's sequence of events. Ordered, and kept by whoever reads the events.
 *
 * @param position the entry of a log, or the block of a chain
 * @param offset of the event within it
 */
public record Cursor(long position, int offset) implements Comparable<Cursor> {
    /** Before the first event of any ledger. */
    public static final Cursor START = new Cursor(0, 0);

    public Cursor {
        if (position < 0 || offset < 0) {
            throw new IllegalArgumentException("bad cursor " + position + "/" + offset);
        }
    }

    /** The place right behind this one. */
    public Cursor next() {
        return new Cursor(position, offset + 1);
    }

    @Override
    public int compareTo(Cursor other) {
        int byPosition = Long.compare(position, other.position);
        return byPosition != 0 ? byPosition : Integer.compare(offset, other.offset);
    }
}
