package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SignatureException;
import java.util.ArrayList;
import java.util.List;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.wire.AddressEntry;
import tensorlink.p2p.wire.SignedAddresses;

/**
 * A peer's own statement of where it is (RFC 0003 of libp2p), to be passed on under its signature.
 *
 * @param sequence grows with every new statement; not negative
 * @param addresses without the peer's id
 */
public record PeerRecord(PeerId peer, long sequence, List<Multiaddr> addresses) {
    /** What the implementations use; the RFC's text names another. */
    private static final String DOMAIN = "libp2p-peer-record";

    private static final ByteString PAYLOAD_TYPE = ByteString.copyFrom(new byte[] {0x03, 0x01});
    private static final int ADDRESSES_MAX = 64;

    public PeerRecord {
        if (sequence < 0) {
            throw new IllegalArgumentException(
                    "sequence " + Long.toUnsignedString(sequence) + ", limit " + Long.MAX_VALUE);
        }
        addresses = List.copyOf(addresses);
    }

    /**
     * Signs this record.
     *
     * @throws IllegalArgumentException when {@code signer} is another peer
     */
    public SignedEnvelope seal(KeyPair signer) {
        if (!signer.peerId().equals(peer)) {
            throw new IllegalArgumentException(signer + " cannot sign the record of " + peer);
        }
        var message = SignedAddresses.newBuilder().setPeerId(peer.multihash()).setSeq(sequence);
        for (var address : addresses) {
            message.addAddresses(AddressEntry.newBuilder().setMultiaddr(address.bytes()));
        }
        return SignedEnvelope.seal(signer, DOMAIN, PAYLOAD_TYPE, message.build().toByteString());
    }

    /**
     * Reads a sealed record and verifies that the peer it speaks of signed it. Addresses of kinds
     * unknown here are left out.
     *
     * @throws SignatureException when the envelope is malformed, of another use, or signed by
     *     somebody else
     */
    public static PeerRecord open(ByteString envelope) throws SignatureException {
        var opened = SignedEnvelope.open(envelope, DOMAIN, PAYLOAD_TYPE);
        try {
            var message = SignedAddresses.parseFrom(opened.payload());
            var peer = new PeerId(message.getPeerId());
            if (!peer.equals(opened.signer().peerId())) {
                throw new SignatureException(
                        "peer record of " + peer + " is signed by " + opened.signer().peerId());
            }
            var addresses = new ArrayList<ByteString>();
            for (var entry : message.getAddressesList()) {
                addresses.add(entry.getMultiaddr());
            }
            return new PeerRecord(
                    peer, message.getSeq(), Multiaddr.decodeKnown(addresses, ADDRESSES_MAX));
        } catch (InvalidProtocolBufferException | IllegalArgumentException wrong) {
            throw new SignatureException("bad peer record: " + wrong.getMessage(), wrong);
        }
    }
}
