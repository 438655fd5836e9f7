package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.Keccak;
import tensorlink.ledger.eip712.StructType;

/**
 * The payer's statement that a job begins. Its id follows from the other fields, so nobody can take
 * the id of another payer's job.
 *
 * @param specHash of the job's canonical specification
 * @param salt tells two jobs of one specification apart
 * @param notary may close the job beside the payer: the validator that watches it
 */
public record JobOpening(Bytes32 specHash, Account payer, Bytes32 salt, Account notary)
        implements Message {
    private static final StructType TYPE =
            StructType.of("JobOpening(bytes32 specHash,address payer,uint256 salt,address notary)");

    public JobOpening {
        payer.checkNamed("payer");
    }

    /** The id of the job that {@code payer} opens for a specification with a salt. */
    public static Bytes32 jobId(Bytes32 specHash, Account payer, Bytes32 salt) {
        return new Bytes32(Keccak.hash(specHash.bytes(), payer.bytes(), salt.bytes()));
    }

    public Bytes32 jobId() {
        return jobId(specHash, payer, salt);
    }

    @Override
    public Account signer() {
        return payer;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes32(specHash.bytes())
                        .address(payer.bytes())
                        .uint(new BigInteger(1, salt.bytes().toByteArray()))
                        .address(notary.bytes())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.JOB_OPENING, specHash.bytes(), payer.bytes(), salt.bytes(), notary.bytes());
    }

    public static JobOpening decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.JOB_OPENING,
                bytes,
                in ->
                        new JobOpening(
                                in.bytes32("specHash"),
                                in.account("payer"),
                                in.bytes32("salt"),
                                in.account("notary")));
    }
}
