package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.time.Instant;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;
import tensorlink.p2p.peer.PeerId;

/**
 * The statement that a peer works for an account. It takes both keys, see {@link
 * SignedPeerBinding}: one alone would let somebody claim another's account, or another's peer.
 *
 * @param notAfter the last second of its validity
 * @param serial a binding with a higher one replaces this one
 */
public record PeerBinding(PeerId peerId, Account account, Instant notAfter, long serial)
        implements Message {
    private static final StructType TYPE =
            StructType.of(
                    "PeerBinding(bytes peerId,address account,uint64 notAfter,uint64 serial)");

    public PeerBinding {
        account.checkNamed("account");
        Seconds.check("notAfter", notAfter);
        if (serial < 0) {
            throw new IllegalArgumentException("serial is negative: " + serial);
        }
    }

    /** Whether this binding of the same peer is the newer one. */
    public boolean replaces(PeerBinding other) {
        return peerId.equals(other.peerId) && serial > other.serial;
    }

    /** Whether the two, if both are signed, prove that the peer says two things at once. */
    public boolean contradicts(PeerBinding other) {
        return peerId.equals(other.peerId) && serial == other.serial && !equals(other);
    }

    @Override
    public Account signer() {
        return account;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes(peerId.multihash())
                        .address(account.bytes())
                        .uint(notAfter.getEpochSecond())
                        .uint(serial)
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.PEER_BINDING,
                Fields.octet(peerId.multihash().size()),
                peerId.multihash(),
                account.bytes(),
                Fields.time(notAfter),
                Fields.number(serial));
    }

    public static PeerBinding decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.PEER_BINDING,
                bytes,
                in ->
                        new PeerBinding(
                                new PeerId(in.counted("peerId")),
                                in.account("account"),
                                in.time("notAfter"),
                                in.number("serial")));
    }
}
