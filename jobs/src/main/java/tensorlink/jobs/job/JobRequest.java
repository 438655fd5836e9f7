package tensorlink.jobs.job;

import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.p2p.peer.PeerId;

/**
 * A user's request for a job, as its signature covers it.
 *
 * @param id follows from the specification's encoding, {@code payer} and {@code salt}
 * @param specHash of the specification's encoding
 * @param user who asks, proven by the signature
 * @param payer the account that pays
 * @param maxPrice the most the whole job may cost
 * @param salt tells two jobs of one specification apart
 */
public record JobRequest(
        JobId id,
        JobSpec spec,
        Bytes32 specHash,
        PeerId user,
        Account payer,
        Amount maxPrice,
        Bytes32 salt) {}
