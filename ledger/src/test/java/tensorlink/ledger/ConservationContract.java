package tensorlink.ledger;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What must hold on every {@link FullLedger}, whatever is asked of it. */
public abstract class ConservationContract extends LedgerKit<FullLedger> {

    /** How many random sequences of calls to try. */
    protected abstract int sequences();

    @Test
    void pool_and_escrow_and_what_was_paid_are_what_was_deposited_and_issued() throws Exception {
        for (int i = 0; i < sequences(); i++) {
            long seed = 2_000_003L * i + 29;
            var clockOfOne = new TestClock();
            try (var one = open(clockOfOne)) {
                new RandomTraffic(one, ISSUER, clockOfOne, new SplittableRandom(seed)).run(60);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }
}
