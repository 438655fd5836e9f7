package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The statement of one side of an agreement that the other owes something, for the agreement's
 * arbiter to judge.
 *
 * @param agreement the digest that both sides signed
 * @param plaintiff the agreement's payer or payee
 * @param evidence commits to receipts and vouchers, which the arbiter is shown elsewhere
 */
public record Dispute(Bytes32 agreement, Account plaintiff, Bytes32 evidence) implements Message {
    private static final StructType TYPE =
            StructType.of("Dispute(bytes32 agreement,address plaintiff,bytes32 evidence)");

    public Dispute {
        plaintiff.checkNamed("plaintiff");
    }

    @Override
    public Account signer() {
        return plaintiff;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes32(agreement.bytes())
                        .address(plaintiff.bytes())
                        .bytes32(evidence.bytes())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(Kind.DISPUTE, agreement.bytes(), plaintiff.bytes(), evidence.bytes());
    }

    public static Dispute decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.DISPUTE,
                bytes,
                in ->
                        new Dispute(
                                in.bytes32("agreement"),
                                in.account("plaintiff"),
                                in.bytes32("evidence")));
    }
}
