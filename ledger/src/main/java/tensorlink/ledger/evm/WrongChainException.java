package tensorlink.ledger.evm;

import java.io.IOException;

/** An endpoint serves another chain, or another contract lives at our contract's address. */
final class WrongChainException extends IOException {
    private static final long serialVersionUID = 1;

    WrongChainException(String message) {
        super(message);
    }
}
