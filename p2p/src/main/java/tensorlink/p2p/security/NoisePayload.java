package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PublicKey;
import tensorlink.p2p.wire.NoiseExtensions;
import tensorlink.p2p.wire.NoiseHandshakePayload;

/**
 * What each side says inside the handshake: its identity, bound to the static key that the
 * handshake proves it holds, and its muxers, best first.
 */
record NoisePayload(PublicKey identity, List<String> muxers) {
    private static final ByteString SIGNATURE_PREFIX =
            ByteString.copyFromUtf8("noise-libp2p-static-key:");
    private static final int MUXERS_MAX = 32;

    NoisePayload {
        muxers = List.copyOf(muxers);
    }

    /** The payload of {@code identity} for a channel with {@code staticKey}. */
    static ByteString seal(KeyPair identity, byte[] staticKey, List<String> muxers) {
        return NoiseHandshakePayload.newBuilder()
                .setIdentityKey(identity.publicKey().encode())
                .setIdentitySig(identity.sign(signedBytes(staticKey)))
                .setExtensions(NoiseExtensions.newBuilder().addAllStreamMuxers(muxers))
                .build()
                .toByteString();
    }

    /**
     * Reads a payload and verifies that its identity vouches for {@code staticKey}.
     *
     * @throws ProtocolViolation when it is malformed or does not
     */
    static NoisePayload open(byte[] bytes, byte[] staticKey) throws ProtocolViolation {
        try {
            var message = NoiseHandshakePayload.parseFrom(bytes);
            var muxers = message.getExtensions().getStreamMuxersList();
            if (muxers.size() > MUXERS_MAX) {
                throw new ProtocolViolation(
                        "Noise payload with " + muxers.size() + " muxers, limit " + MUXERS_MAX);
            }
            var identity = PublicKey.decode(message.getIdentityKey());
            if (!identity.verify(signedBytes(staticKey), message.getIdentitySig())) {
                throw new ProtocolViolation(
                        "Noise static key is not signed by " + identity.peerId());
            }
            return new NoisePayload(identity, muxers);
        } catch (InvalidProtocolBufferException | IllegalArgumentException malformed) {
            throw new ProtocolViolation("Noise payload: " + malformed.getMessage(), malformed);
        }
    }

    private static ByteString signedBytes(byte[] staticKey) {
        return SIGNATURE_PREFIX.concat(ByteString.copyFrom(staticKey));
    }
}
