package tensorlink.ledger;

import java.time.Instant;

/**
 * Times in signed messages: whole seconds from 1970 to the year 9999, as the contracts count them.
 */
final class Seconds {
    static final long MAX = Instant.parse("9999-12-31T23:59:59Z").getEpochSecond();

    private Seconds() {}

    /** Refuses a time that a signed message cannot say. */
    static void check(String field, Instant time) {
        if (time.getNano() != 0 || time.getEpochSecond() < 0 || time.getEpochSecond() > MAX) {
            throw new IllegalArgumentException(
                    field + " must be a whole second from 1970 to 9999, not " + time);
        }
    }
}
