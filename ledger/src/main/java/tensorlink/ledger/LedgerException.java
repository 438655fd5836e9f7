package tensorlink.ledger;

import java.io.IOException;

/** The ledger cannot be asked: its disk fails, it is closed, or somebody else holds it. */
public final class LedgerException extends IOException {
    private static final long serialVersionUID = 1;

    public LedgerException(String message) {
        super(message);
    }

    public LedgerException(String message, Throwable cause) {
        super(message, cause);
    }
}
