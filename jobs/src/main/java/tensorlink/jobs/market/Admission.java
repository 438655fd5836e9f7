package tensorlink.jobs.market;

import java.time.Instant;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;

/** A worker's answer to an {@link Offer}. */
public sealed interface Admission {

    /**
     * The memory is held for the job until {@code reservedUntil}, for the user to come and sign.
     */
    record Accepted(Instant reservedUntil, Account account, Amount unitPrice)
            implements Admission {}

    /** The worker will not. */
    record Declined(Reason reason, String detail) implements Admission {}

    /** Why a worker declines. */
    enum Reason {
        NO_MEMORY,
        PRICE_TOO_LOW,
        STOPPING,
        NOT_TRUSTED,
        MALFORMED,
        UNSUPPORTED_MODEL,
        SILENT
    }
}
