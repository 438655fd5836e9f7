package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The payer's notice that it takes money out of its deposit, up to a sum since the beginning. It
 * leaves when the notice has run, so that payees can redeem what they hold before.
 */
public record Withdrawal(Account payer, Amount cumulative) implements Message {
    private static final StructType TYPE =
            StructType.of("Withdrawal(address payer,uint128 cumulative)");

    public Withdrawal {
        payer.checkNamed("payer");
    }

    @Override
    public Account signer() {
        return payer;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .address(payer.bytes())
                        .uint(cumulative.value())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(Kind.WITHDRAWAL, payer.bytes(), cumulative.encode());
    }

    public static Withdrawal decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.WITHDRAWAL,
                bytes,
                in -> new Withdrawal(in.account("payer"), in.amount("cumulative")));
    }
}
