package tensorlink.jobs.job;

import com.google.protobuf.ByteString;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.JobOpening;

/**
 * A job's identity, the same on every node and on the ledger: the hash of its specification, its
 * payer and a salt.
 */
public record JobId(Bytes32 word) {

    /** The id of the job that {@code payer} asks for with a specification so encoded. */
    public static JobId of(ByteString encodedSpec, Account payer, Bytes32 salt) {
        return new JobId(JobOpening.jobId(Bytes32.keccak(encodedSpec), payer, salt));
    }

    /** Reads 64 hexadecimal digits, with or without {@code 0x} before them. */
    public static JobId parse(String hex) {
        return new JobId(Bytes32.parse(hex.startsWith("0x") ? hex : "0x" + hex));
    }

    /** All 64 hexadecimal digits, as files are named. */
    public String hex() {
        return word.toString().substring(2);
    }

    /** The first 12 digits, for people. */
    @Override
    public String toString() {
        return hex().substring(0, 12);
    }
}
