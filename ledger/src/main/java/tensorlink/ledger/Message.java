package tensorlink.ledger;

import com.google.protobuf.ByteString;

/**
 * A statement about money or jobs that one account signs.
 *
 * <p>Every value that takes effect is in the {@linkplain #digest digest}. Each message names its
 * signer, so that its signature can be checked without looking anything up.
 */
public sealed interface Message
        permits Deposit,
                Dispute,
                Funding,
                Issuance,
                JobClosing,
                JobOpening,
                LedgerHead,
                Lock,
                PeerBinding,
                PeerRecord,
                Stake,
                Unstake,
                UsageReceipt,
                Verdict,
                Voucher,
                Withdrawal {

    /** Who must sign. */
    Account signer();

    /** What is signed: the EIP-712 digest, valid in {@code domain} only. */
    Bytes32 digest(Domain domain);

    /** The canonical bytes: kind, version, then the fields in order. */
    ByteString encode();
}
