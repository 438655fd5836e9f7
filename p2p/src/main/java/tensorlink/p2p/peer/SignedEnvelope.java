package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.security.SignatureException;
import tensorlink.p2p.multiformats.Varint;
import tensorlink.p2p.wire.Envelope;

/**
 * A payload with its signer's key and signature (RFC 0002 of libp2p). The domain separates uses: a
 * signature made for one is worthless in another. An instance is always correctly signed.
 *
 * @param payloadType says what the payload is, by convention a multicodec
 */
public record SignedEnvelope(
        PublicKey signer,
        String domain,
        ByteString payloadType,
        ByteString payload,
        ByteString signature) {

    /** The longest envelope that is read; whoever receives one usually allows far less. */
    public static final int BYTES_MAX = 1 << 20;

    public SignedEnvelope {
        if (!signer.verify(signedBytes(domain, payloadType, payload), signature)) {
            throw new IllegalArgumentException(
                    "signature for domain \"" + domain + "\" is not by " + signer.peerId());
        }
    }

    /** Signs {@code payload}. */
    public static SignedEnvelope seal(
            KeyPair signer, String domain, ByteString payloadType, ByteString payload) {
        return new SignedEnvelope(
                signer.publicKey(),
                domain,
                payloadType,
                payload,
                signer.sign(signedBytes(domain, payloadType, payload)));
    }

    /**
     * Reads and verifies an envelope that must be of this domain and type.
     *
     * @throws SignatureException when it is malformed, of another type, or not signed by the key it
     *     names for this domain
     */
    public static SignedEnvelope open(ByteString bytes, String domain, ByteString payloadType)
            throws SignatureException {
        if (bytes.size() > BYTES_MAX) {
            throw new SignatureException(
                    "envelope of " + bytes.size() + " bytes, limit " + BYTES_MAX);
        }
        try {
            var message = Envelope.parseFrom(bytes);
            if (!message.getPayloadType().equals(payloadType)) {
                throw new SignatureException(
                        "envelope for domain \"" + domain + "\" holds a payload of another type");
            }
            return new SignedEnvelope(
                    PublicKey.decode(message.getPublicKey()),
                    domain,
                    payloadType,
                    message.getPayload(),
                    message.getSignature());
        } catch (InvalidProtocolBufferException | IllegalArgumentException wrong) {
            throw new SignatureException("bad envelope: " + wrong.getMessage(), wrong);
        }
    }

    /** The form in which it travels. */
    public ByteString encode() {
        return Envelope.newBuilder()
                .setPublicKey(signer.encode())
                .setPayloadType(payloadType)
                .setPayload(payload)
                .setSignature(signature)
                .build()
                .toByteString();
    }

    private static ByteString signedBytes(
            String domain, ByteString payloadType, ByteString payload) {
        return prefixed(ByteString.copyFromUtf8(domain))
                .concat(prefixed(payloadType))
                .concat(prefixed(payload));
    }

    private static ByteString prefixed(ByteString bytes) {
        return Varint.encode(bytes.size()).concat(bytes);
    }
}
