package tensorlink.p2p.relay;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/** What a client and its relay say to each other. */
sealed interface HopMessage {
    /** Asks to be called through the relay. */
    record Reserve() implements HopMessage {}

    /** Asks for a circuit to {@code target}. */
    record Connect(PeerId target) implements HopMessage {}

    /**
     * The relay's answer.
     *
     * @param reservation present in a good answer to {@link Reserve}
     */
    record Status(RelayStatus status, Optional<Reservation> reservation, CircuitLimit limit)
            implements HopMessage {}

    /**
     * A place at a relay.
     *
     * @param expiry in whole seconds
     * @param addresses where the relay can be reached
     * @param voucher the sealed proof, empty when there is none
     */
    record Reservation(Instant expiry, List<Multiaddr> addresses, ByteString voucher) {
        public Reservation {
            addresses = List.copyOf(addresses);
        }
    }
}
