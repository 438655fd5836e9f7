package tensorlink.ledger.file;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.FullLedgerContract;

/** The contracts of every ledger, on a real disk; every few records a snapshot is taken. */
class FileLedgerContractTest extends FullLedgerContract {
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
}
