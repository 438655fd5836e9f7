package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.charset.StandardCharsets;
import java.security.SignatureException;
import java.time.DateTimeException;
import java.time.Instant;
import tensorlink.p2p.wire.KeySuccession;

/**
 * A peer's statement, under its old key, that it goes on under a new one. Whoever trusted the old
 * key may decide to trust the new one; nothing here does so by itself.
 *
 * @param at when it was made, in whole seconds
 */
public record Succession(PublicKey predecessor, PublicKey successor, Instant at) {
    private static final String DOMAIN = "tensorlink-key-succession";
    private static final ByteString PAYLOAD_TYPE =
            ByteString.copyFrom("/tensorlink/key-succession", StandardCharsets.US_ASCII);

    public Succession {
        at = Instant.ofEpochSecond(at.getEpochSecond());
        if (at.isBefore(Instant.EPOCH)) {
            throw new IllegalArgumentException("succession at " + at + ", before 1970");
        }
        if (predecessor.peerId().equals(successor.peerId())) {
            throw new IllegalArgumentException(
                    "succession of " + predecessor.peerId() + " to itself");
        }
    }

    /**
     * Signs this statement and gives the form in which it travels.
     *
     * @throws IllegalArgumentException when {@code signer} is not the predecessor
     */
    public ByteString seal(KeyPair signer) {
        if (!signer.peerId().equals(predecessor.peerId())) {
            throw new IllegalArgumentException(
                    signer + " cannot name the successor of " + predecessor.peerId());
        }
        var message =
                KeySuccession.newBuilder()
                        .setSuccessor(successor.encode())
                        .setAtSeconds(at.getEpochSecond())
                        .build();
        return SignedEnvelope.seal(signer, DOMAIN, PAYLOAD_TYPE, message.toByteString()).encode();
    }

    /**
     * Reads a sealed statement and verifies that the predecessor signed it.
     *
     * @throws SignatureException when it is malformed, of another use, or signed by somebody else
     */
    public static Succession open(ByteString envelope) throws SignatureException {
        var opened = SignedEnvelope.open(envelope, DOMAIN, PAYLOAD_TYPE);
        try {
            var message = KeySuccession.parseFrom(opened.payload());
            return new Succession(
                    opened.signer(),
                    PublicKey.decode(message.getSuccessor()),
                    Instant.ofEpochSecond(message.getAtSeconds()));
        } catch (InvalidProtocolBufferException
                | DateTimeException
                | IllegalArgumentException wrong) {
            throw new SignatureException("bad succession: " + wrong.getMessage(), wrong);
        }
    }
}
