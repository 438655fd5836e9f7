package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.time.Instant;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The payer's promise to keep part of its deposit for one payee. While it runs, a lock can be made
 * larger and longer only; one that ends later replaces one that ends earlier.
 *
 * @param amount kept for vouchers to {@code payee} alone
 */
public record Lock(Account payer, Account payee, Amount amount, Instant until) implements Message {
    private static final StructType TYPE =
            StructType.of("Lock(address payer,address payee,uint128 amount,uint64 until)");

    public Lock {
        payer.checkNamed("payer");
        payee.checkNamed("payee");
        Seconds.check("until", until);
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
                        .address(payee.bytes())
                        .uint(amount.value())
                        .uint(until.getEpochSecond())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.LOCK, payer.bytes(), payee.bytes(), amount.encode(), Fields.time(until));
    }

    public static Lock decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.LOCK,
                bytes,
                in ->
                        new Lock(
                                in.account("payer"),
                                in.account("payee"),
                                in.amount("amount"),
                                in.time("until")));
    }
}
