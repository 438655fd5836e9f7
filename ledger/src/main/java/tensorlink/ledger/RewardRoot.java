package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * What every account has earned in rewards since the beginning, as the root of a {@link
 * RewardTree}. A validator signs one root for an epoch, ever.
 *
 * @param epoch from 1, grows from root to root; gaps are allowed
 * @param total the sum of all leaves
 * @param leavesHash of the list of leaves, by which it is found
 */
public record RewardRoot(long epoch, Bytes32 root, Amount total, Bytes32 leavesHash) {
    private static final StructType TYPE =
            StructType.of("RewardRoot(uint64 epoch,bytes32 root,uint128 total,bytes32 leavesHash)");

    public RewardRoot {
        if (epoch < 0) {
            throw new IllegalArgumentException("epoch is negative: " + epoch);
        }
    }

    /** What validators sign: the EIP-712 digest, valid in {@code domain} only. */
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .uint(epoch)
                        .bytes32(root.bytes())
                        .uint(total.value())
                        .bytes32(leavesHash.bytes())
                        .digest(domain.separator().bytes()));
    }

    /** The canonical bytes: kind, version, then the fields in order. */
    public ByteString encode() {
        return Fields.encode(
                Kind.REWARD_ROOT,
                Fields.number(epoch),
                root.bytes(),
                total.encode(),
                leavesHash.bytes());
    }

    public static RewardRoot decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.REWARD_ROOT,
                bytes,
                in ->
                        new RewardRoot(
                                in.number("epoch"),
                                in.bytes32("root"),
                                in.amount("total"),
                                in.bytes32("leavesHash")));
    }
}
