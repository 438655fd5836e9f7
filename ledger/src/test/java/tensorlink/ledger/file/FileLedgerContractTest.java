package tensorlink.ledger.file;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Ledger;
import tensorlink.ledger.LedgerContract;

/** The contract of every ledger, on a real disk. */
class FileLedgerContractTest extends LedgerContract {
    @TempDir private Path directory;
    private int opened;

    @Override
    protected Ledger open(InstantSource clock) throws IOException {
        var config = FileLedgerConfig.of(NETWORK, ISSUER.account());
        return FileLedger.open(directory.resolve("ledger " + opened++), config, clock);
    }

    @Override
    protected int sequences() {
        return 5;
    }
}
