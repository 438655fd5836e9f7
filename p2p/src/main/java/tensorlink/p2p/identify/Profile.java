package tensorlink.p2p.identify;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PublicKey;
import tensorlink.p2p.wire.IdentifyMessage;

/**
 * What a host says about itself to one peer.
 *
 * @param observed from where we see the peer come
 * @param record the signed addresses, sealed
 */
record Profile(
        PublicKey key,
        String protocolVersion,
        String agentVersion,
        List<ProtocolId> protocols,
        List<Multiaddr> addresses,
        Multiaddr observed,
        ByteString record) {
    /** Rust reads no longer ones. */
    static final int MESSAGE_BYTES_MAX = 4096;

    /**
     * The messages to send, usually one. Two encoded messages in a row are the encoding of both
     * merged, so fields are packed into as many messages as they need.
     */
    List<ByteString> messages() {
        var pieces = new ArrayList<IdentifyMessage.Builder>();
        pieces.add(
                IdentifyMessage.newBuilder()
                        .setPublicKey(key.encode())
                        .setProtocolVersion(protocolVersion)
                        .setAgentVersion(agentVersion)
                        .setObservedAddr(observed.bytes()));
        for (var address : addresses) {
            pieces.add(IdentifyMessage.newBuilder().addListenAddrs(address.bytes()));
        }
        for (var protocol : protocols) {
            pieces.add(IdentifyMessage.newBuilder().addProtocols(protocol.name()));
        }
        pieces.add(IdentifyMessage.newBuilder().setSignedPeerRecord(record));
        return pack(pieces);
    }

    private static List<ByteString> pack(List<IdentifyMessage.Builder> pieces) {
        var messages = new ArrayList<ByteString>();
        var current = ByteString.EMPTY;
        for (var piece : pieces) {
            var encoded = piece.build().toByteString();
            if (!current.isEmpty() && current.size() + encoded.size() > MESSAGE_BYTES_MAX) {
                messages.add(current);
                current = ByteString.EMPTY;
            }
            current = current.concat(encoded);
        }
        messages.add(current);
        return messages;
    }
}
