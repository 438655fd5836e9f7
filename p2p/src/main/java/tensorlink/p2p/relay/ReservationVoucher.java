package tensorlink.p2p.relay;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SignatureException;
import java.time.Instant;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.SignedEnvelope;
import tensorlink.p2p.wire.RelayVoucher;

/**
 * A relay's signed statement that it relays for a peer.
 *
 * @param expirySeconds since 1970, unsigned
 */
record ReservationVoucher(PeerId relay, PeerId peer, long expirySeconds) {
    private static final String DOMAIN = "libp2p-relay-rsvp";
    private static final ByteString PAYLOAD_TYPE = ByteString.copyFrom(new byte[] {0x03, 0x02});

    /** Signs a statement of {@code relay}'s. */
    static ByteString seal(KeyPair relay, PeerId peer, Instant expiry) {
        var payload =
                RelayVoucher.newBuilder()
                        .setRelay(relay.peerId().multihash())
                        .setPeer(peer.multihash())
                        .setExpiration(expiry.getEpochSecond())
                        .build()
                        .toByteString();
        return SignedEnvelope.seal(relay, DOMAIN, PAYLOAD_TYPE, payload).encode();
    }

    /**
     * Reads a sealed voucher and verifies that the relay it speaks of signed it.
     *
     * @throws SignatureException when it is malformed, of another use, or signed by somebody else
     */
    static ReservationVoucher open(ByteString envelope) throws SignatureException {
        var opened = SignedEnvelope.open(envelope, DOMAIN, PAYLOAD_TYPE);
        try {
            var message = RelayVoucher.parseFrom(opened.payload());
            var relay = new PeerId(message.getRelay());
            if (!relay.equals(opened.signer().peerId())) {
                throw new SignatureException(
                        "voucher of " + relay + " is signed by " + opened.signer().peerId());
            }
            return new ReservationVoucher(
                    relay, new PeerId(message.getPeer()), message.getExpiration());
        } catch (InvalidProtocolBufferException | IllegalArgumentException wrong) {
            throw new SignatureException("bad voucher: " + wrong.getMessage(), wrong);
        }
    }
}
