package tensorlink.p2p.relay;

import java.time.Duration;

/**
 * What a host lends to others as their relay; {@code Max} values are inclusive.
 *
 * @param reservationsMax peers that are relayed for at the same time
 * @param reservationsPerAddressMax of them at one IPv4 address or IPv6 /56
 * @param reservationsPerSubnetMax of them in one IPv4 /24 or IPv6 /48
 * @param reservationTtl for how long a place is given; it can be renewed
 * @param circuitsMax circuits at the same time
 * @param circuitsPerPeerMax circuits at the same time that begin or end at one peer
 * @param circuit when a circuit is ended; {@link CircuitLimit#NONE} for circuits that carry
 *     anything
 * @param bufferBytes read before it is passed on, for each direction of a circuit
 * @param answerTimeout for each message that a relay waits for
 */
public record RelayLimits(
        int reservationsMax,
        int reservationsPerAddressMax,
        int reservationsPerSubnetMax,
        Duration reservationTtl,
        int circuitsMax,
        int circuitsPerPeerMax,
        CircuitLimit circuit,
        int bufferBytes,
        Duration answerTimeout) {

    public RelayLimits {
        if (reservationsMax < 1
                || reservationsPerAddressMax < 1
                || reservationsPerSubnetMax < 1
                || circuitsMax < 1
                || circuitsPerPeerMax < 1
                || bufferBytes < 1) {
            throw new IllegalArgumentException("a relay that serves nobody");
        }
        if (reservationTtl.toSeconds() < 1) {
            throw new IllegalArgumentException("reservations for " + reservationTtl);
        }
    }

    public static RelayLimits defaults() {
        return new RelayLimits(
                128,
                8,
                32,
                Duration.ofHours(1),
                512,
                16,
                new CircuitLimit(Duration.ofMinutes(2), 128 << 10),
                4 << 10,
                Duration.ofSeconds(10));
    }

    public RelayLimits withCircuit(CircuitLimit changed) {
        return new RelayLimits(
                reservationsMax,
                reservationsPerAddressMax,
                reservationsPerSubnetMax,
                reservationTtl,
                circuitsMax,
                circuitsPerPeerMax,
                changed,
                bufferBytes,
                answerTimeout);
    }

    public RelayLimits withReservationTtl(Duration changed) {
        return new RelayLimits(
                reservationsMax,
                reservationsPerAddressMax,
                reservationsPerSubnetMax,
                changed,
                circuitsMax,
                circuitsPerPeerMax,
                circuit,
                bufferBytes,
                answerTimeout);
    }

    /** Serves so many peers, and so many circuits in all and for each of them. */
    public RelayLimits withRoom(int reservations, int circuits, int circuitsPerPeer) {
        return new RelayLimits(
                reservations,
                reservationsPerAddressMax,
                reservationsPerSubnetMax,
                reservationTtl,
                circuits,
                circuitsPerPeer,
                circuit,
                bufferBytes,
                answerTimeout);
    }
}
