package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The worker's statement of what it has done in one job so far; the agreement says in which unit.
 *
 * <p>Not recorded on the ledger: the parties keep it as evidence for the vouchers. Two receipts of
 * one job and payee with equal sequence and different content prove that the worker lies.
 *
 * @param units done since the job began, not negative
 * @param sequence grows with each receipt, from 0
 */
public record UsageReceipt(Bytes32 jobId, Account payee, long units, long sequence)
        implements Message {
    private static final StructType TYPE =
            StructType.of("UsageReceipt(bytes32 jobId,address payee,uint64 units,uint64 sequence)");

    public UsageReceipt {
        payee.checkNamed("payee");
        if (units < 0 || sequence < 0) {
            throw new IllegalArgumentException(
                    "units and sequence are not negative: " + units + ", " + sequence);
        }
    }

    @Override
    public Account signer() {
        return payee;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes32(jobId.bytes())
                        .address(payee.bytes())
                        .uint(units)
                        .uint(sequence)
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.USAGE_RECEIPT,
                jobId.bytes(),
                payee.bytes(),
                Fields.number(units),
                Fields.number(sequence));
    }

    public static UsageReceipt decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.USAGE_RECEIPT,
                bytes,
                in ->
                        new UsageReceipt(
                                in.bytes32("jobId"),
                                in.account("payee"),
                                in.number("units"),
                                in.number("sequence")));
    }
}
