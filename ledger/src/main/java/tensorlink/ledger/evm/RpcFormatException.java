package tensorlink.ledger.evm;

import java.io.IOException;

/** A node's answer is not what the specification says: names the field and what is wrong. */
public final class RpcFormatException extends IOException {
    private static final long serialVersionUID = 1;

    private final String field;

    public RpcFormatException(String field, String problem) {
        super(field + ": " + problem);
        this.field = field;
    }

    public String field() {
        return field;
    }
}
