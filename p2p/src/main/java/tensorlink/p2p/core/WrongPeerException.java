package tensorlink.p2p.core;

import java.io.IOException;
import tensorlink.p2p.peer.PeerId;

/** The address answered, but with the key of another peer than the one dialled. */
public final class WrongPeerException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient PeerId expected;
    private final transient PeerId actual;

    public WrongPeerException(PeerId expected, PeerId actual) {
        super("expected peer " + expected + ", found " + actual);
        this.expected = expected;
        this.actual = actual;
    }

    public PeerId expected() {
        return expected;
    }

    public PeerId actual() {
        return actual;
    }
}
