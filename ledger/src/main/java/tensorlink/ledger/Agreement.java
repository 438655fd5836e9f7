package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The terms between a payer and one worker of a job. A job on several workers has one agreement
 * with each, under a common job id.
 *
 * @param jobId see {@link JobOpening#jobId}
 * @param maxPrice the most that this worker can earn in the job
 * @param unitPrice for each unit that a {@link UsageReceipt} counts; zero where work is free
 * @param unit what is counted: the Keccak of its name, such as {@code "token"}
 * @param start and {@code deadline}: when the work is owed, in whole seconds
 * @param arbiter who judges a dispute; {@link Account#ZERO} for nobody
 * @param salt of the job's opening
 */
public record Agreement(
        Bytes32 jobId,
        Account payer,
        Account payee,
        Amount maxPrice,
        Amount unitPrice,
        Bytes32 unit,
        Instant start,
        Instant deadline,
        Bytes32 specHash,
        Account arbiter,
        Bytes32 salt) {
    private static final StructType TYPE =
            StructType.of(
                    "Agreement(bytes32 jobId,address payer,address payee,uint128 maxPrice,"
                            + "uint128 unitPrice,bytes32 unit,uint64 start,uint64 deadline,"
                            + "bytes32 specHash,address arbiter,uint256 salt)");

    public Agreement {
        payer.checkNamed("payer");
        payee.checkNamed("payee");
        Seconds.check("start", start);
        Seconds.check("deadline", deadline);
        if (deadline.isBefore(start)) {
            throw new IllegalArgumentException("deadline " + deadline + " is before " + start);
        }
    }

    /** What {@code units} of work earn: never more than the agreed maximum. */
    public Amount priceOf(long units) {
        var price = unitPrice.value().multiply(BigInteger.valueOf(units));
        return new Amount(price.min(maxPrice.value()));
    }

    /** What both parties sign: the EIP-712 digest, valid in {@code domain} only. */
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes32(jobId.bytes())
                        .address(payer.bytes())
                        .address(payee.bytes())
                        .uint(maxPrice.value())
                        .uint(unitPrice.value())
                        .bytes32(unit.bytes())
                        .uint(start.getEpochSecond())
                        .uint(deadline.getEpochSecond())
                        .bytes32(specHash.bytes())
                        .address(arbiter.bytes())
                        .uint(new BigInteger(1, salt.bytes().toByteArray()))
                        .digest(domain.separator().bytes()));
    }

    /** The canonical bytes: kind, version, then the fields in order, each of fixed length. */
    public ByteString encode() {
        return Fields.encode(
                Kind.AGREEMENT,
                jobId.bytes(),
                payer.bytes(),
                payee.bytes(),
                maxPrice.encode(),
                unitPrice.encode(),
                unit.bytes(),
                Fields.time(start),
                Fields.time(deadline),
                specHash.bytes(),
                arbiter.bytes(),
                salt.bytes());
    }

    public static Agreement decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.AGREEMENT,
                bytes,
                in ->
                        new Agreement(
                                in.bytes32("jobId"),
                                in.account("payer"),
                                in.account("payee"),
                                in.amount("maxPrice"),
                                in.amount("unitPrice"),
                                in.bytes32("unit"),
                                in.time("start"),
                                in.time("deadline"),
                                in.bytes32("specHash"),
                                in.account("arbiter"),
                                in.bytes32("salt")));
    }
}
