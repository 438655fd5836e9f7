package tensorlink.ledger.file;

import java.time.InstantSource;
import org.junit.jupiter.api.Nested;
import tensorlink.ledger.ConservationContract;
import tensorlink.ledger.DisputeContract;
import tensorlink.ledger.EscrowContract;
import tensorlink.ledger.LedgerContract;
import tensorlink.ledger.RewardContract;
import tensorlink.ledger.ValidatorContract;

/** The contracts of every ledger, in memory. */
class MemoryLedgerContractTest extends LedgerContract {

    @Override
    protected FileLedger open(InstantSource clock) {
        return FileLedger.inMemory(FileLedgerConfig.of(NETWORK, ISSUER.account()), clock);
    }

    @Override
    protected int sequences() {
        return 50;
    }

    @Nested
    class Escrow extends EscrowContract {
        @Override
        protected FileLedger open(InstantSource clock) {
            return MemoryLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Validators extends ValidatorContract {
        @Override
        protected FileLedger open(InstantSource clock) {
            return MemoryLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Rewards extends RewardContract {
        @Override
        protected FileLedger open(InstantSource clock) {
            return MemoryLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Disputes extends DisputeContract {
        @Override
        protected FileLedger open(InstantSource clock) {
            return MemoryLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Conservation extends ConservationContract {
        @Override
        protected FileLedger open(InstantSource clock) {
            return MemoryLedgerContractTest.this.open(clock);
        }

        @Override
        protected int sequences() {
            return 40;
        }
    }
}
