package tensorlink.ledger.file;

import com.google.protobuf.ByteString;
import java.io.IOException;
import tensorlink.ledger.Domain;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;

/**
 * Rebuilds the state from a log that is being opened, and trusts nothing in it: each record must be
 * one that the rules would have let in, with the amounts that they find, and signed.
 */
final class Replay implements HashLog.Replay {
    private final Storage storage;
    private final FileLedgerConfig config;
    private final Domain domain;
    private final LedgerState state;

    Replay(Storage storage, FileLedgerConfig config, Domain domain, LedgerState state) {
        this.storage = storage;
        this.config = config;
        this.domain = domain;
        this.state = state;
    }

    @Override
    public void record(int index, long position, ByteString record) throws IOException {
        try {
            if (index == 0) {
                checkOwner(Records.decodeGenesis(record));
            } else {
                apply(Records.decode(record));
            }
        } catch (LedgerFormatException e) {
            throw e.within(storage.name(), position);
        }
    }

    private void checkOwner(Records.Genesis genesis) throws LedgerException {
        var wanted = new Records.Genesis(config.networkId(), config.issuer());
        if (!genesis.equals(wanted)) {
            throw new LedgerException(
                    storage.name() + " is the ledger of " + genesis + ", not of " + wanted);
        }
    }

    private void apply(Records.Stamped stamped) throws LedgerFormatException {
        var entry = stamped.entry();
        switch (state.decide(entry, stamped.time())) {
            case Decision.Answer(var outcome) -> throw bad("against the rules: " + outcome);
            case Decision.Accept(var decided, var _) -> {
                if (!decided.equals(entry)) {
                    throw bad("not what the rules make of it");
                }
            }
        }
        if (config.signaturesCheckedOnOpen() && !entry.isAuthentic(domain)) {
            throw bad("a signature is not its signer's");
        }
        state.apply(entry, stamped.time());
    }

    private static LedgerFormatException bad(String problem) {
        return new LedgerFormatException("record", 0, "entry", problem);
    }
}
