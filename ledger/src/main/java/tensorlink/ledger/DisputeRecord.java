package tensorlink.ledger;

import java.time.Instant;
import java.util.Optional;

/**
 * What the ledger knows of a dispute.
 *
 * @param ends until when the arbiter can judge; without a verdict, what vouchers paid stands
 * @param awarded what the verdict moved; empty while there is none
 */
public record DisputeRecord(
        Account plaintiff, Bytes32 evidence, Instant ends, Optional<Amount> awarded) {}
