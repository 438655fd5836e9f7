package tensorlink.ledger;

import com.google.protobuf.ByteString;

/**
 * How an account stands as a validator.
 *
 * @param validates whether it is one: its collateral, less what is leaving, is enough
 * @param collateral put up, and neither taken back nor slashed
 * @param staked all that was ever put up
 * @param slashed whether it was proven to lie, which bars it for good
 * @param peerRecord where its node is found; empty when it has not said so
 * @param serial of that record
 */
public record Registration(
        boolean validates,
        Amount collateral,
        Amount staked,
        Notice notice,
        boolean slashed,
        ByteString peerRecord,
        long serial) {
    public static final Registration NONE =
            new Registration(
                    false, Amount.ZERO, Amount.ZERO, Notice.NONE, false, ByteString.EMPTY, 0);
}
