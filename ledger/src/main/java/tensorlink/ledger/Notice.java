package tensorlink.ledger;

import java.time.Instant;

/**
 * An owner's notice that it takes out what it has set aside.
 *
 * @param noticed all that it ever gave notice of
 * @param leaving what leaves when the notice has run; zero when none runs
 * @param ends when that is; the epoch before the first notice
 */
public record Notice(Amount noticed, Amount leaving, Instant ends) {
    public static final Notice NONE = new Notice(Amount.ZERO, Amount.ZERO, Instant.EPOCH);
}
