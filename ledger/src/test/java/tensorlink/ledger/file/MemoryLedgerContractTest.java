package tensorlink.ledger.file;

import java.time.InstantSource;
import tensorlink.ledger.Ledger;
import tensorlink.ledger.LedgerContract;

/** The contract of every ledger, in memory. */
class MemoryLedgerContractTest extends LedgerContract {

    @Override
    protected Ledger open(InstantSource clock) {
        return FileLedger.inMemory(FileLedgerConfig.of(NETWORK, ISSUER.account()), clock);
    }

    @Override
    protected int sequences() {
        return 50;
    }
}
