package tensorlink.p2p.dcutr;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.wire.HolePunchMessage;

/** What the two sides say to each other over the relay. */
sealed interface PunchMessage {
    /** The longest message that is read. */
    int BYTES_MAX = 4096;

    /** Addresses of the other side that are looked at. */
    int ADDRESSES_MAX = 16;

    /** Says where this side is seen by others. */
    record Connect(List<Multiaddr> addresses) implements PunchMessage {
        public Connect {
            addresses = List.copyOf(addresses);
        }
    }

    /** Dial now. */
    record Sync() implements PunchMessage {}

    default ByteString encode() {
        var wire = HolePunchMessage.newBuilder();
        switch (this) {
            case Connect(var addresses) -> {
                wire.setType(Codes.CONNECT);
                for (var address : addresses) {
                    wire.addObsAddrs(address.bytes());
                }
            }
            case Sync() -> wire.setType(Codes.SYNC);
        }
        return wire.build().toByteString();
    }

    /** Reads a message; addresses of kinds unknown here are left out. */
    static PunchMessage decode(ByteString bytes) throws ProtocolViolation {
        try {
            var wire = HolePunchMessage.parseFrom(bytes);
            if (!wire.hasType()) {
                throw new ProtocolViolation("dcutr: type is missing");
            }
            return switch (wire.getType()) {
                case Codes.CONNECT ->
                        new Connect(Multiaddr.decodeKnown(wire.getObsAddrsList(), ADDRESSES_MAX));
                case Codes.SYNC -> new Sync();
                default ->
                        throw new ProtocolViolation(
                                "dcutr: type "
                                        + Integer.toUnsignedString(wire.getType())
                                        + ", expected 100 or 300");
            };
        } catch (InvalidProtocolBufferException malformed) {
            throw new ProtocolViolation("dcutr: " + malformed.getMessage(), malformed);
        }
    }

    /** As they are on the wire. */
    final class Codes {
        static final int CONNECT = 100;
        static final int SYNC = 300;

        private Codes() {}
    }
}
