package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.p2p.peer.KeyPair;

/**
 * A binding with the signatures of the account's key and the peer's key, or what pretends to be:
 * see {@link #fault}.
 *
 * <p>The account signs the EIP-712 digest; the peer's Ed25519 key signs a prefix and that digest,
 * so that neither signature can pass for anything else.
 *
 * @param peerSignature 64 bytes
 */
public record SignedPeerBinding(
        PeerBinding binding, Signature65 accountSignature, ByteString peerSignature) {
    /** How far into the future a binding may reach. */
    public static final Duration LIFETIME_MAX = Duration.ofDays(90);

    /** How far the clocks of signer and reader may differ. */
    public static final Duration CLOCK_SKEW = Duration.ofSeconds(60);

    private static final ByteString PREFIX =
            ByteString.copyFromUtf8("smartnodes:peer-binding:v1\0");

    private static final int PEER_SIGNATURE_SIZE = 64;

    public SignedPeerBinding {
        if (peerSignature.size() != PEER_SIGNATURE_SIZE) {
            throw new IllegalArgumentException(
                    "a peer's signature has "
                            + PEER_SIGNATURE_SIZE
                            + " bytes, not "
                            + peerSignature.size());
        }
    }

    /**
     * Signs {@code binding} for {@code domain} with both keys.
     *
     * @throws IllegalArgumentException when it names another account or another peer
     */
    public static SignedPeerBinding sign(
            PeerBinding binding, Domain domain, AccountKey account, KeyPair peer) {
        if (!binding.peerId().equals(peer.peerId())) {
            throw new IllegalArgumentException(
                    peer.peerId() + " cannot sign for " + binding.peerId());
        }
        return new SignedPeerBinding(
                binding,
                account.sign(domain, binding).signature(),
                peer.sign(underPeerSignature(binding, domain)));
    }

    /**
     * What is wrong with this binding at {@code now}; empty when it may be relied on. Takes about
     * half a millisecond, so check it once for a connection.
     */
    public Optional<Rejected> fault(Domain domain, Instant now) {
        var notAfter = binding.notAfter();
        if (now.isAfter(notAfter.plus(CLOCK_SKEW))) {
            return fault(Rejection.BINDING_EXPIRED, "expired at " + notAfter + ", now " + now);
        }
        if (notAfter.isAfter(now.plus(LIFETIME_MAX).plus(CLOCK_SKEW))) {
            return fault(
                    Rejection.BINDING_TOO_LONG,
                    "valid until " + notAfter + ", more than " + LIFETIME_MAX.toDays() + " days");
        }
        boolean byPeer =
                binding.peerId()
                        .publicKey()
                        .filter(key ->
                                key.verify(underPeerSignature(binding, domain), peerSignature))
                        .isPresent();
        if (!byPeer) {
            return fault(Rejection.BAD_SIGNATURE, "not signed by peer " + binding.peerId());
        }
        return accountSignature.isBy(binding.account(), binding.digest(domain))
                ? Optional.empty()
                : fault(Rejection.BAD_SIGNATURE, "not signed by account " + binding.account());
    }

    /** The binding's canonical bytes, then the account's signature, then the peer's. */
    public ByteString encode() {
        return binding.encode().concat(accountSignature.bytes()).concat(peerSignature);
    }

    /** Reads what {@link #encode} wrote; whose the signatures are is not checked here. */
    public static SignedPeerBinding decode(ByteString bytes) throws LedgerFormatException {
        int middle = Math.max(0, bytes.size() - PEER_SIGNATURE_SIZE);
        int first = Math.max(0, middle - Signature65.SIZE);
        return new SignedPeerBinding(
                PeerBinding.decode(bytes.substring(0, first)),
                Fields.signature("accountSignature", first, bytes.substring(first, middle)),
                bytes.substring(middle));
    }

    private static ByteString underPeerSignature(PeerBinding binding, Domain domain) {
        return PREFIX.concat(binding.digest(domain).bytes());
    }

    private static Optional<Rejected> fault(Rejection code, String message) {
        return Optional.of(new Rejected(code, message));
    }
}
