package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.time.Instant;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The payer's promise to have paid {@code payee} so much in all, over every job of the two.
 *
 * <p>A newer voucher replaces an older one, so a lost one loses nothing and a repeated one pays
 * nothing: the ledger pays {@code cumulative} less what it has paid already.
 *
 * @param cumulative paid since the beginning when this voucher is redeemed
 * @param expiry the last whole second at which it can be redeemed
 * @param jobsRoot commits to the agreements and receipts that the sum is for
 */
public record Voucher(
        Account payer, Account payee, Amount cumulative, Instant expiry, Bytes32 jobsRoot)
        implements Message {
    private static final StructType TYPE =
            StructType.of(
                    "Voucher(address payer,address payee,uint128 cumulative,uint64 expiry,"
                            + "bytes32 jobsRoot)");

    public Voucher {
        payer.checkNamed("payer");
        payee.checkNamed("payee");
        Seconds.check("expiry", expiry);
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
                        .uint(cumulative.value())
                        .uint(expiry.getEpochSecond())
                        .bytes32(jobsRoot.bytes())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.VOUCHER,
                payer.bytes(),
                payee.bytes(),
                cumulative.encode(),
                Fields.time(expiry),
                jobsRoot.bytes());
    }

    public static Voucher decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.VOUCHER,
                bytes,
                in ->
                        new Voucher(
                                in.account("payer"),
                                in.account("payee"),
                                in.amount("cumulative"),
                                in.time("expiry"),
                                in.bytes32("jobsRoot")));
    }
}
