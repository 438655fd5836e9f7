package tensorlink.p2p.relay;

import tensorlink.p2p.peer.PeerId;

/** What a relay and the peer that is called say to each other. */
sealed interface StopMessage {
    /** {@code source} wants a circuit. */
    record Connect(PeerId source, CircuitLimit limit) implements StopMessage {}

    /** The peer's answer. */
    record Status(RelayStatus status) implements StopMessage {}
}
