package tensorlink.jobs.message;

import tensorlink.ledger.Amount;
import tensorlink.ledger.Outcome;

/** A validator's answer to a {@link LedgerQuestion}. */
public sealed interface LedgerAnswer {

    /** To {@link LedgerQuestion.OfAccount}. */
    record Statement(Amount credits, Amount balance, Amount issued, Amount deposited, Amount cover)
            implements LedgerAnswer {}

    /** To {@link LedgerQuestion.OfPair}. */
    record Redeemed(Amount amount) implements LedgerAnswer {}

    /** To whatever was to change something. */
    record Came(Outcome outcome) implements LedgerAnswer {}
}
