package tensorlink.ledger.evm;

import java.io.IOException;

/**
 * Two endpoints say different things of one block: one of them is wrong, and nobody knows which.
 */
final class DisagreementException extends IOException {
    private static final long serialVersionUID = 1;

    DisagreementException(String message) {
        super(message);
    }
}
