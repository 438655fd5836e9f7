package tensorlink.ledger.file;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.ConservationContract;
import tensorlink.ledger.DisputeContract;
import tensorlink.ledger.EscrowContract;
import tensorlink.ledger.LedgerContract;
import tensorlink.ledger.RewardContract;
import tensorlink.ledger.ValidatorContract;

/** The contracts of every ledger, on a real disk; every few records a snapshot is taken. */
class FileLedgerContractTest extends LedgerContract {
    @TempDir private Path directory;
    private int opened;

    @Override
    protected FileLedger open(InstantSource clock) throws IOException {
        var config = FileLedgerConfig.of(NETWORK, ISSUER.account()).withSnapshotEvery(7);
        return FileLedger.open(directory.resolve("ledger " + opened++), config, clock);
    }

    @Override
    protected int sequences() {
        return 5;
    }

    @Nested
    class Escrow extends EscrowContract {
        @Override
        protected FileLedger open(InstantSource clock) throws IOException {
            return FileLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Validators extends ValidatorContract {
        @Override
        protected FileLedger open(InstantSource clock) throws IOException {
            return FileLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Rewards extends RewardContract {
        @Override
        protected FileLedger open(InstantSource clock) throws IOException {
            return FileLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Disputes extends DisputeContract {
        @Override
        protected FileLedger open(InstantSource clock) throws IOException {
            return FileLedgerContractTest.this.open(clock);
        }
    }

    @Nested
    class Conservation extends ConservationContract {
        @Override
        protected FileLedger open(InstantSource clock) throws IOException {
            return FileLedgerContractTest.this.open(clock);
        }

        @Override
        protected int sequences() {
            return 2;
        }
    }
}
