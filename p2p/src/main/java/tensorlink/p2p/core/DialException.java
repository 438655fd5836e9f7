package tensorlink.p2p.core;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/** A peer could not be reached; {@link #attempts} says what each of its addresses answered. */
public final class DialException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient PeerId peer;
    private final transient List<Attempt> attempts;

    public DialException(PeerId peer, List<Attempt> attempts) {
        super(describe(peer, attempts));
        this.peer = peer;
        this.attempts = List.copyOf(attempts);
        for (var attempt : attempts) {
            addSuppressed(attempt.cause());
        }
    }

    public PeerId peer() {
        return peer;
    }

    /** One entry per address tried, in the order tried; empty when no address was known. */
    public List<Attempt> attempts() {
        return attempts;
    }

    private static String describe(PeerId peer, List<Attempt> attempts) {
        if (attempts.isEmpty()) {
            return "cannot reach " + peer + ": no address known";
        }
        return attempts.stream()
                .map(attempt -> attempt.address() + ": " + attempt.cause().getMessage())
                .collect(Collectors.joining("; ", "cannot reach " + peer + ": ", ""));
    }

    /** An address and why it did not lead to the peer, such as {@link WrongPeerException}. */
    public record Attempt(Multiaddr address, IOException cause) {}
}
