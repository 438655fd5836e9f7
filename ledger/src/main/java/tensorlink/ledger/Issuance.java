package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The issuer's grant of credits on a private network: so much to {@code account} in all, ever.
 *
 * <p>Cumulative like a {@link Voucher}: a repeated or older grant changes nothing.
 */
public record Issuance(Account issuer, Account account, Amount cumulative) implements Message {
    private static final StructType TYPE =
            StructType.of("Issuance(address issuer,address account,uint128 cumulative)");

    public Issuance {
        issuer.checkNamed("issuer");
        account.checkNamed("account");
    }

    @Override
    public Account signer() {
        return issuer;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .address(issuer.bytes())
                        .address(account.bytes())
                        .uint(cumulative.value())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(Kind.ISSUANCE, issuer.bytes(), account.bytes(), cumulative.encode());
    }

    public static Issuance decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.ISSUANCE,
                bytes,
                in ->
                        new Issuance(
                                in.account("issuer"),
                                in.account("account"),
                                in.amount("cumulative")));
    }
}
