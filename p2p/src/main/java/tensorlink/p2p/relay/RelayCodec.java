package tensorlink.p2p.relay;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.wire.RelayHop;
import tensorlink.p2p.wire.RelayLimit;
import tensorlink.p2p.wire.RelayPeer;
import tensorlink.p2p.wire.RelayReservation;
import tensorlink.p2p.wire.RelayStop;

/** The bytes of {@link HopMessage} and {@link StopMessage}. */
final class RelayCodec {
    /** The longest message that is read. */
    static final int MESSAGE_BYTES_MAX = 4096;

    /** Of a relay's addresses the first ones count. */
    static final int ADDRESSES_MAX = 16;

    private static final int RESERVE = 0;
    private static final int CONNECT = 1;
    private static final int HOP_STATUS = 2;
    private static final int STOP_CONNECT = 0;
    private static final int STOP_STATUS = 1;

    /** The year 9999; what is later is as good as for ever. */
    private static final long EXPIRY_SECONDS_MAX = 253_402_300_799L;

    private RelayCodec() {}

    static ByteString encode(HopMessage message) {
        var wire = RelayHop.newBuilder();
        switch (message) {
            case HopMessage.Reserve() -> wire.setType(RESERVE);
            case HopMessage.Connect(var target) -> wire.setType(CONNECT).setPeer(peer(target));
            case HopMessage.Status(var status, var reservation, var limit) -> {
                wire.setType(HOP_STATUS).setStatus(status.code());
                reservation.ifPresent(it -> wire.setReservation(reservation(it)));
                if (!limit.isNone()) {
                    wire.setLimit(limit(limit));
                }
            }
        }
        return wire.build().toByteString();
    }

    static ByteString encode(StopMessage message) {
        var wire = RelayStop.newBuilder();
        switch (message) {
            case StopMessage.Connect(var source, var limit) -> {
                wire.setType(STOP_CONNECT).setPeer(peer(source));
                if (!limit.isNone()) {
                    wire.setLimit(limit(limit));
                }
            }
            case StopMessage.Status(var status) ->
                    wire.setType(STOP_STATUS).setStatus(status.code());
        }
        return wire.build().toByteString();
    }

    private static RelayPeer peer(PeerId id) {
        return RelayPeer.newBuilder().setId(id.multihash()).build();
    }

    private static RelayReservation reservation(HopMessage.Reservation reservation) {
        var wire =
                RelayReservation.newBuilder()
                        .setExpire(reservation.expiry().getEpochSecond())
                        .setVoucher(reservation.voucher());
        for (var address : reservation.addresses()) {
            wire.addAddrs(address.bytes());
        }
        return wire.build();
    }

    private static RelayLimit limit(CircuitLimit limit) {
        return RelayLimit.newBuilder()
                .setDuration(seconds(limit.duration()))
                .setData(limit.bytes())
                .build();
    }

    /** Rounded up: zero would mean no bound. */
    private static int seconds(Duration duration) {
        return (int) Math.min(duration.plusNanos(999_999_999).toSeconds(), Integer.MAX_VALUE);
    }

    static HopMessage decodeHop(ByteString bytes) throws ProtocolViolation {
        try {
            var wire = RelayHop.parseFrom(bytes);
            if (!wire.hasType()) {
                throw new ProtocolViolation("relay hop: type is missing");
            }
            return switch (wire.getType()) {
                case RESERVE -> new HopMessage.Reserve();
                case CONNECT -> new HopMessage.Connect(peer("hop", wire.hasPeer(), wire.getPeer()));
                case HOP_STATUS -> {
                    var status = status("hop", wire.hasStatus(), wire.getStatus());
                    var reservation =
                            wire.hasReservation()
                                    ? Optional.of(reservation(wire.getReservation()))
                                    : Optional.<HopMessage.Reservation>empty();
                    yield new HopMessage.Status(status, reservation, limit(wire.getLimit()));
                }
                default ->
                        throw new ProtocolViolation(
                                "relay hop: type "
                                        + Integer.toUnsignedString(wire.getType())
                                        + ", expected 0 to 2");
            };
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("relay hop: " + malformed.getMessage(), malformed);
        }
    }

    static StopMessage decodeStop(ByteString bytes) throws ProtocolViolation {
        try {
            var wire = RelayStop.parseFrom(bytes);
            if (!wire.hasType()) {
                throw new ProtocolViolation("relay stop: type is missing");
            }
            return switch (wire.getType()) {
                case STOP_CONNECT ->
                        new StopMessage.Connect(
                                peer("stop", wire.hasPeer(), wire.getPeer()),
                                limit(wire.getLimit()));
                case STOP_STATUS ->
                        new StopMessage.Status(status("stop", wire.hasStatus(), wire.getStatus()));
                default ->
                        throw new ProtocolViolation(
                                "relay stop: type "
                                        + Integer.toUnsignedString(wire.getType())
                                        + ", expected 0 or 1");
            };
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("relay stop: " + malformed.getMessage(), malformed);
        }
    }

    private static PeerId peer(String protocol, boolean isThere, RelayPeer peer)
            throws ProtocolViolation {
        if (!isThere || !peer.hasId()) {
            throw new ProtocolViolation("relay " + protocol + ": peer is missing");
        }
        try {
            return new PeerId(peer.getId());
        } catch (IllegalArgumentException malformed) {
            throw new ProtocolViolation(
                    "relay " + protocol + ": peer: " + malformed.getMessage(), malformed);
        }
    }

    private static RelayStatus status(String protocol, boolean isThere, int code)
            throws ProtocolViolation {
        if (!isThere) {
            throw new ProtocolViolation("relay " + protocol + ": status is missing");
        }
        return RelayStatus.ofCode(code);
    }

    private static HopMessage.Reservation reservation(RelayReservation wire)
            throws ProtocolViolation {
        if (!wire.hasExpire()) {
            throw new ProtocolViolation("relay hop: reservation without an expiry");
        }
        boolean isForEver = wire.getExpire() < 0 || wire.getExpire() > EXPIRY_SECONDS_MAX;
        return new HopMessage.Reservation(
                Instant.ofEpochSecond(isForEver ? EXPIRY_SECONDS_MAX : wire.getExpire()),
                Multiaddr.decodeKnown(wire.getAddrsList(), ADDRESSES_MAX),
                wire.getVoucher());
    }

    /** Unsigned numbers; a data limit past the signed range bounds nothing that could be sent. */
    private static CircuitLimit limit(RelayLimit wire) {
        return new CircuitLimit(
                Duration.ofSeconds(Integer.toUnsignedLong(wire.getDuration())),
                wire.getData() < 0 ? Long.MAX_VALUE : wire.getData());
    }
}
