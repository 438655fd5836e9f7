package tensorlink.ledger.file;

import java.time.InstantSource;
import tensorlink.ledger.FullLedgerContract;

/** The contracts of every ledger, in memory. */
class MemoryLedgerContractTest extends FullLedgerContract {

    @Override
    protected FileLedger open(InstantSource clock) {
        return FileLedger.inMemory(FileLedgerConfig.of(NETWORK, ISSUER.account()), clock);
    }

    @Override
    protected int sequences() {
        return 50;
    }

    @Override
    protected int fullSequences() {
        return 40;
    }
}
