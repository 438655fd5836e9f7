package tensorlink.ledger;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Fields.Kind;
import tensorlink.ledger.eip712.StructType;

/**
 * The statement of a job's payer or notary that it is over.
 *
 * @param resultHash of what the job produced, such as its final weights; zero when nothing
 * @param closer who says so and signs
 */
public record JobClosing(Bytes32 jobId, JobEnd end, Bytes32 resultHash, Account closer)
        implements Message {
    private static final StructType TYPE =
            StructType.of("JobClosing(bytes32 jobId,uint8 end,bytes32 resultHash,address closer)");

    public JobClosing {
        closer.checkNamed("closer");
    }

    @Override
    public Account signer() {
        return closer;
    }

    @Override
    public Bytes32 digest(Domain domain) {
        return new Bytes32(
                TYPE.values()
                        .bytes32(jobId.bytes())
                        .uint(end.code())
                        .bytes32(resultHash.bytes())
                        .address(closer.bytes())
                        .digest(domain.separator().bytes()));
    }

    @Override
    public ByteString encode() {
        return Fields.encode(
                Kind.JOB_CLOSING,
                jobId.bytes(),
                Fields.octet(end.code()),
                resultHash.bytes(),
                closer.bytes());
    }

    public static JobClosing decode(ByteString bytes) throws LedgerFormatException {
        return Fields.decode(
                Kind.JOB_CLOSING,
                bytes,
                in ->
                        new JobClosing(
                                in.bytes32("jobId"),
                                JobEnd.ofCode(in.octet("end")),
                                in.bytes32("resultHash"),
                                in.account("closer")));
    }
}
