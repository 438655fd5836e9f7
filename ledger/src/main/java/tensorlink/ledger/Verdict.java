package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * An arbiter's judgement in a dispute: a voucher in the payer's place, of the pair's sum since the
 * beginning. It moves no more than the agreement's maximum price.
 *
 * @param agreement the digest that both sides signed
 * @param cumulative what the payer is to have paid the payee in all, over every job of the two
 */
public record Verdict(Bytes32 agreement, Amount cumulative, Account arbiter) implements Message {
    private static final StructType TYPE =
            StructType.of("Verdict(bytes32 agreement,uint128 cumulative,address arbiter)");

    public Verdict {
        arbiter.checkNamed("arbiter");
    }

    @Override
    public Account signer() {
        return arbiter;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes32(agreement.bytes())
                        .uint(cumulative.value())
                        .address(arbiter.bytes())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(Kind.VERDICT, agreement.bytes(), cumulative.encode(), arbiter.bytes());
    }

    public static Verdict decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.VERDICT,
                bytes,
                in ->
                        new Verdict(
                                in.bytes32("agreement"),
                                in.amount("cumulative"),
                                in.account("arbiter")));
    }
}
