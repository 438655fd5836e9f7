package tensorlink.p2p.peer;

import com.google.protobuf.ByteString;
import java.util.Optional;
import tensorlink.p2p.multiformats.Multibase;
import tensorlink.p2p.multiformats.Multihash;

/**
 * The name of a peer: the multihash of its public key, so it cannot be claimed without the key.
 *
 * @param multihash identity of at most 42 bytes, or SHA-256
 */
public record PeerId(ByteString multihash) {

    public PeerId {
        Multihash.decode(multihash);
    }

    /**
     * Reads base58 ({@code 12D3KooW…}, {@code Qm…}) or a CID ({@code bafz…}, {@code k51…}).
     *
     * @throws IllegalArgumentException when the text is neither
     */
    public static PeerId parse(String text) {
        return new PeerId(Multihash.parsePeer(text).encode());
    }

    /** The key itself, when it is short enough to be the id, as Ed25519 and secp256k1 keys are. */
    public Optional<PublicKey> publicKey() {
        var hash = Multihash.decode(multihash);
        if (hash.code() != Multihash.IDENTITY) {
            return Optional.empty();
        }
        try {
            return Optional.of(PublicKey.decode(hash.digest()));
        } catch (IllegalArgumentException otherKind) {
            return Optional.empty();
        }
    }

    /** The CID form, {@code bafz…}. */
    public String toCid() {
        return Multihash.decode(multihash).toCid();
    }

    /** The last six characters, which tell peers apart in a log. */
    public String shortText() {
        var text = toString();
        return "…" + text.substring(Math.max(0, text.length() - 6));
    }

    /** The base58 form. */
    @Override
    public String toString() {
        return Multibase.BASE58.encode(multihash);
    }
}
