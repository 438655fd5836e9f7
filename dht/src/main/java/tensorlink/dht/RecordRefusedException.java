package tensorlink.dht;

import java.io.IOException;

/** A record is not good, or nobody here can say whether it is. */
public final class RecordRefusedException extends IOException {
    private static final long serialVersionUID = 1;

    public RecordRefusedException(String message) {
        super(message);
    }
}
