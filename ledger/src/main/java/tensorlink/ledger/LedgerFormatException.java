package tensorlink.ledger;

import java.io.IOException;

/** Bytes are not what they should be: says in which source, at which position, in which field. */
public final class LedgerFormatException extends IOException {
    private static final long serialVersionUID = 1;

    private final String source;
    private final long position;
    private final String field;
    private final String problem;

    /**
     * @param source the file, or the kind of message
     * @param position of the field's first byte in the source
     */
    public LedgerFormatException(String source, long position, String field, String problem) {
        super(source + " at byte " + position + ", " + field + ": " + problem);
        this.source = source;
        this.position = position;
        this.field = field;
        this.problem = problem;
    }

    /** The same fault seen from {@code container}, in which this source begins at {@code start}. */
    public LedgerFormatException within(String container, long start) {
        var outer =
                new LedgerFormatException(
                        container, start + position, source + " " + field, problem);
        outer.initCause(this);
        return outer;
    }

    public String source() {
        return source;
    }

    public long position() {
        return position;
    }

    public String field() {
        return field;
    }
}
