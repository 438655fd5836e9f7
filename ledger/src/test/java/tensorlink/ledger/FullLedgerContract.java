package tensorlink.ledger;

import java.io.IOException;
import java.time.InstantSource;
import org.junit.jupiter.api.Nested;

/** The contracts of every ledger that does all there is: each part with the ledger of a test. */
public abstract class FullLedgerContract extends LedgerContract {

    @Override
    protected abstract FullLedger open(InstantSource clock) throws IOException;

    /** How many random runs of all calls are tried. */
    protected int fullSequences() {
        return 2;
    }

    @Nested
    class Escrow extends EscrowContract {
        @Override
        protected FullLedger open(InstantSource clock) throws IOException {
            return FullLedgerContract.this.open(clock);
        }
    }

    @Nested
    class Validators extends ValidatorContract {
        @Override
        protected FullLedger open(InstantSource clock) throws IOException {
            return FullLedgerContract.this.open(clock);
        }
    }

    @Nested
    class Rewards extends RewardContract {
        @Override
        protected FullLedger open(InstantSource clock) throws IOException {
            return FullLedgerContract.this.open(clock);
        }
    }

    @Nested
    class Disputes extends DisputeContract {
        @Override
        protected FullLedger open(InstantSource clock) throws IOException {
            return FullLedgerContract.this.open(clock);
        }
    }

    @Nested
    class Defects extends DefectContract {
        @Override
        protected FullLedger open(InstantSource clock) throws IOException {
            return FullLedgerContract.this.open(clock);
        }
    }

    @Nested
    class Conservation extends ConservationContract {
        @Override
        protected FullLedger open(InstantSource clock) throws IOException {
            return FullLedgerContract.this.open(clock);
        }

        @Override
        protected int sequences() {
            return fullSequences();
        }
    }
}
