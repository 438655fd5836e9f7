package tensorlink.ledger.evm;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.FullLedgerContract;
import tools.jackson.databind.JsonNode;

/** The contract of every ledger, on a real chain: anvil. */
class EvmLedgerContractTest extends FullLedgerContract {
    /** A chain with the contract deployed on it, begun by the first test that can. */
    private static final List<Stage> STAGES = new ArrayList<>();

    private record Stage(Anvil anvil, EvmConfig config) {}

    private static String fresh = "";

    @TempDir private Path directory;
    private int opened;

    @AfterAll
    static void stopChain() throws IOException {
        for (var stage : STAGES) {
            stage.anvil.close();
        }
        STAGES.clear();
    }

    @Override
    protected EvmLedger open(InstantSource clock) throws IOException {
        try {
            var stage = stage();
            var chain = new InTime(stage.anvil, clock);
            var journal = directory.resolve("journal " + opened++);
            return EvmLedger.open(
                    stage.config,
                    new Connection(chain, List.of(), new Heads()),
                    new EvmAccount(Anvil.PAYER_OF_GAS, journal, Anvil.QUICK),
                    chain);
        } catch (InterruptedException e) {
            throw new InterruptedIOException(e.getMessage());
        }
    }

    /** The chain as it was when the contract was new. */
    private Stage stage() throws IOException, InterruptedException {
        if (STAGES.isEmpty()) {
            var anvil = Anvil.start();
            var terms = Anvil.terms(ISSUER.account(), Account.ZERO);
            var config = anvil.deploy(NETWORK, terms, directory.resolve("deployer"));
            STAGES.add(new Stage(anvil, config));
        } else {
            STAGES.getFirst().anvil.revert(fresh);
        }
        fresh = STAGES.getFirst().anvil.snapshot();
        return STAGES.getFirst();
    }

    @Override
    protected int sequences() {
        return 2;
    }

    /** The chain with the time of a test's clock. */
    private static final class InTime implements Rpc, Pause {
        private final Anvil anvil;
        private final InstantSource clock;
        private final ReentrantLock lock = new ReentrantLock();
        private Instant told = Instant.MIN;

        InTime(Anvil anvil, InstantSource clock) {
            this.anvil = anvil;
            this.clock = clock;
        }

        @Override
        public JsonNode call(String method, Object... params)
                throws IOException, InterruptedException {
            lock.lock();
            try {
                if (!clock.instant().equals(told)) {
                    told = clock.instant();
                    anvil.nextTime(told);
                }
            } finally {
                lock.unlock();
            }
            return anvil.call(method, params);
        }

        @Override
        public void sleep(java.time.Duration duration) throws InterruptedException {
            try {
                call("evm_mine");
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
