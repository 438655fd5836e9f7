package tensorlink.p2p.relay;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.security.SignatureException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import tensorlink.p2p.core.Connection;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.AddressProtocol;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;

/**
 * What is asked of a relay.
 *
 * @param self who asks
 * @param timeout for each answer
 */
record RelayClient(PeerId self, Duration timeout) {

    /**
     * A place at a relay.
     *
     * @param addresses at which this host can be called while the place lasts
     */
    record Place(Instant expiry, List<Multiaddr> addresses) {}

    /** A stream to {@code target}, by way of the relay. */
    record Opened(Stream stream, CircuitLimit limit) {}

    /**
     * Asks for a place, or for another term of the one we have.
     *
     * @throws RelayException when the relay says no
     */
    Place reserve(Connection relay) throws IOException, InterruptedException {
        try (var stream = relay.open(RelayServer.HOP)) {
            stream.timeout(timeout);
            var answer = ask(stream, new HopMessage.Reserve());
            var reservation =
                    answer.reservation()
                            .orElseThrow(() ->
                                    new ProtocolViolation(
                                            RelayServer.HOP + ": OK without a reservation"));
            check(reservation.voucher(), relay.remotePeer(), self);
            return new Place(reservation.expiry(), places(reservation, relay));
        }
    }

    private static HopMessage.Status ask(Stream stream, HopMessage question)
            throws IOException, InterruptedException {
        stream.writeMessage(RelayCodec.encode(question));
        var answer = stream.readMessage(RelayCodec.MESSAGE_BYTES_MAX);
        return switch (RelayCodec.decodeHop(answer)) {
            case HopMessage.Status status -> {
                if (status.status() != RelayStatus.OK) {
                    throw new RelayException(stream.connection().remotePeer(), status.status());
                }
                yield status;
            }
            case HopMessage.Reserve _, HopMessage.Connect _ ->
                    throw new ProtocolViolation(
                            RelayServer.HOP + ": a request where a status belongs");
        };
    }

    /** A relay may give none; a false one is a lie. */
    static void check(ByteString sealed, PeerId relay, PeerId self) throws ProtocolViolation {
        if (sealed.isEmpty()) {
            return;
        }
        try {
            var voucher = ReservationVoucher.open(sealed);
            if (!voucher.relay().equals(relay) || !voucher.peer().equals(self)) {
                throw new ProtocolViolation(
                        "relay hop: a voucher of "
                                + voucher.relay()
                                + " for "
                                + voucher.peer()
                                + " where one of "
                                + relay
                                + " for "
                                + self
                                + " belongs");
            }
        } catch (SignatureException forged) {
            throw new ProtocolViolation("relay hop: " + forged.getMessage(), forged);
        }
    }

    /** Where we see the relay, then where it says it is. */
    private static List<Multiaddr> places(
            HopMessage.Reservation reservation, Connection connection) {
        var relay = connection.remotePeer();
        var known = new LinkedHashSet<Multiaddr>();
        if (connection.direction() == Connection.Direction.OUTBOUND) {
            known.add(connection.remoteAddress());
        }
        for (var address : reservation.addresses()) {
            boolean isOther = address.has(AddressProtocol.P2P) && !isOf(address, relay);
            if (!isOther && !address.has(AddressProtocol.P2P_CIRCUIT)) {
                address.withoutPeer().filter(it -> !it.isUnspecified()).ifPresent(known::add);
            }
        }
        var places = new ArrayList<Multiaddr>();
        for (var address : known) {
            places.add(RelayedAddress.through(address, relay));
        }
        return List.copyOf(places);
    }

    private static boolean isOf(Multiaddr address, PeerId relay) {
        return address.parts().getLast().value().equals(relay.multihash());
    }

    /**
     * Asks for a circuit to {@code target}.
     *
     * @throws RelayException when the relay, or the target, says no
     */
    Opened connect(Connection relay, PeerId target) throws IOException, InterruptedException {
        var stream = relay.open(RelayServer.HOP);
        boolean isOpen = false;
        try {
            stream.timeout(timeout);
            var answer = ask(stream, new HopMessage.Connect(target));
            stream.timeout(Duration.ZERO);
            isOpen = true;
            return new Opened(stream, answer.limit());
        } finally {
            if (!isOpen) {
                stream.reset();
            }
        }
    }
}
