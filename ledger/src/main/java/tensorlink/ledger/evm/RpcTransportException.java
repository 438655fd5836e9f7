package tensorlink.ledger.evm;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An endpoint gave no answer that a node would give. */
final class RpcTransportException extends IOException {
    private static final long serialVersionUID = 1;

    RpcTransportException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
