package tensorlink.ledger;

import java.time.Instant;
import java.util.List;

/**
 * What the ledger knows of a job.
 *
 * @param opened when the ledger learned of it
 * @param engagements the workers' agreements, in the order of recording
 */
public record JobRecord(
        Bytes32 id,
        Bytes32 specHash,
        Account payer,
        Account notary,
        Instant opened,
        List<Engagement> engagements,
        Status status) {

    public JobRecord {
        engagements = List.copyOf(engagements);
    }

    /** A worker's part: {@code agreement} is the digest that both sides signed. */
    public record Engagement(Account payee, Bytes32 agreement) {}

    /** Whether the job goes on. */
    public sealed interface Status {
        record Open() implements Status {}

        /** How, with which result, by whose word and when the job ended. */
        record Closed(JobEnd end, Bytes32 resultHash, Account closer, Instant at)
                implements Status {}
    }

    public boolean isOpen() {
        return status instanceof Status.Open;
    }
}
