package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.security.SignatureException;

/**
 * A peer's record in the envelope that proves it, kept as it came so that it can be passed on. An
 * instance is always signed by the peer that it is about.
 */
public final class SealedPeerRecord {
    private final ByteString envelope;
    private final PeerRecord content;

    private SealedPeerRecord(ByteString envelope, PeerRecord content) {
        this.envelope = envelope;
        this.content = content;
    }

    /**
     * Signs {@code content}.
     *
     * @throws IllegalArgumentException when {@code signer} is another peer
     */
    public static SealedPeerRecord seal(PeerRecord content, KeyPair signer) {
        return new SealedPeerRecord(content.seal(signer).encode(), content);
    }

    /**
     * Reads and verifies.
     *
     * @throws SignatureException as {@link PeerRecord#open} does
     */
    public static SealedPeerRecord open(ByteString envelope) throws SignatureException {
        return new SealedPeerRecord(envelope, PeerRecord.open(envelope));
    }

    /** The form in which it travels. */
    public ByteString envelope() {
        return envelope;
    }

    public PeerRecord content() {
        return content;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SealedPeerRecord that && envelope.equals(that.envelope);
    }

    @Override
    public int hashCode() {
        return envelope.hashCode();
    }

    @Override
    public String toString() {
        return content.toString();
    }
}
