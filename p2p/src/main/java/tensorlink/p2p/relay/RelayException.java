package tensorlink.p2p.relay;

import java.io.IOException;
import tensorlink.p2p.peer.PeerId;

/** A relay, or the peer behind it, said no. */
public final class RelayException extends IOException {
    private static final long serialVersionUID = 1;

    private final RelayStatus status;

    RelayException(PeerId relay, RelayStatus status) {
        super("relay " + relay + " answers " + status);
        this.status = status;
    }

    public RelayStatus status() {
        return status;
    }
}
