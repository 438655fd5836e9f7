package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The payer's order to move credits into its deposit, from which vouchers are paid: so much in all,
 * ever. One deposit serves all payees and all jobs.
 */
public record Deposit(Account payer, Amount cumulative) implements Message {
    private static final StructType TYPE =
            StructType.of("Deposit(address payer,uint128 cumulative)");

    public Deposit {
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
        return Fields.encode(Kind.DEPOSIT, payer.bytes(), cumulative.encode());
    }

    public static Deposit decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.DEPOSIT,
                bytes,
                in -> new Deposit(in.account("payer"), in.amount("cumulative")));
    }
}
