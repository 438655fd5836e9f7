package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/** The statement of validators that the root of an epoch, which does not count yet, is wrong. */
public record RootCancel(long epoch) {
    private static final StructType TYPE = StructType.of("RootCancel(uint64 epoch)");

    public RootCancel {
        if (epoch < 0) {
            throw new IllegalArgumentException("epoch is negative: " + epoch);
        }
    }

    /** What validators sign: the EIP-712 digest, valid in {@code domain} only. */
    public Bytes32 digest(Domain domain) {
        return new Bytes32(TYPE.values().uint(epoch).digest(domain.separator().bytes()));
    }

    /** The canonical bytes: kind, version, then the fields in order. */
    public ByteString encode() {
        return Fields.encode(Kind.ROOT_CANCEL, Fields.number(epoch));
    }

    public static RootCancel decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(Kind.ROOT_CANCEL, bytes, in -> new RootCancel(in.number("epoch")));
    }
}
