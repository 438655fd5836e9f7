package tensorlink.ledger;

/** How a job ended. */
public enum JobEnd {
    COMPLETED(1),
    CANCELLED(2),
    EXPIRED(3),
    FAILED(4);

    private final int code;

    JobEnd(int code) {
        this.code = code;
    }

    /** The number that is signed and stored; it never changes. */
    public int code() {
        return code;
    }

    /** The end with this code, from 1. */
    public static JobEnd ofCode(int code) {
        for (var end : values()) {
            if (end.code == code) {
                return end;
            }
        }
        throw new IllegalArgumentException("end is 1 to 4, not " + code);
    }
}
