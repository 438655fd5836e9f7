/**
 * The existing Smartnodes contracts as they are: registration, job requests, rounds of proposals
 * and votes, claims.
 *
 * <p>Start at {@link tensorlink.ledger.smartnodes.SmartnodesLedger}, which asks and sends. What is
 * decided is decided without a chain: {@link tensorlink.ledger.smartnodes.Distribution} is who has
 * earned what in a round, {@link tensorlink.ledger.smartnodes.Proposal} what a round does, and
 * {@link tensorlink.ledger.smartnodes.Books} whether one's own receipts say the same. There are two
 * generations of the contracts, told apart by {@link tensorlink.ledger.smartnodes.Profile}.
 */
@NullMarked
package tensorlink.ledger.smartnodes;

import org.jspecify.annotations.NullMarked;
