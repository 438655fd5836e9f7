package tensorlink.ledger.file;

import tensorlink.ledger.Amount;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;

/** What the rules say to a change that is asked for. */
sealed interface Decision {

    /** It may happen, as {@code entry}, and would be answered with {@code outcome}. */
    record Accept(Entry entry, Outcome outcome) implements Decision {}

    /** It does not happen. */
    record Answer(Outcome outcome) implements Decision {}

    static Decision accept(Entry entry) {
        return new Accept(entry, new Outcome.Recorded());
    }

    static Decision pay(Entry entry, Amount amount) {
        return new Accept(entry, new Outcome.Paid(amount));
    }

    static Decision noChange() {
        return new Answer(new Outcome.NoChange());
    }

    static Decision reject(Rejection code, String message) {
        return new Answer(new Outcome.Rejected(code, message));
    }
}
