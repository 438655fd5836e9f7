package tensorlink.jobs.message;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Optional;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;

/**
 * What bears a dispute out, beside what the arbiter has gathered itself.
 *
 * @param receipts of the job's workers, at most {@value #RECEIPTS_MAX}
 * @param voucher the best that the payee has of the payer
 */
public record Evidence(List<Signed<UsageReceipt>> receipts, Optional<Signed<Voucher>> voucher) {
    public static final int RECEIPTS_MAX = 256;

    public Evidence {
        receipts = List.copyOf(receipts);
        if (receipts.size() > RECEIPTS_MAX) {
            throw new IllegalArgumentException(
                    receipts.size() + " receipts, limit " + RECEIPTS_MAX);
        }
    }

    /** What the plaintiff signs; receipts and vouchers have each their length. */
    public Bytes32 hash() {
        var bytes = ByteString.EMPTY;
        for (var receipt : receipts) {
            bytes = bytes.concat(receipt.encode());
        }
        return Bytes32.keccak(voucher.map(Signed::encode).map(bytes::concat).orElse(bytes));
    }
}
