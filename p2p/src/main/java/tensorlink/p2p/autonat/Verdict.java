package tensorlink.p2p.autonat;

import java.util.List;
import tensorlink.p2p.multiaddr.Multiaddr;

/** What came of asking a peer. */
sealed interface Verdict {
    /** It came to us at {@code address}. */
    record Reachable(Multiaddr address) implements Verdict {}

    /** It tried and could not. */
    record Unreachable(List<Multiaddr> addresses) implements Verdict {
        public Unreachable {
            addresses = List.copyOf(addresses);
        }
    }

    /** It did not try. */
    record Refused(String reason) implements Verdict {}
}
