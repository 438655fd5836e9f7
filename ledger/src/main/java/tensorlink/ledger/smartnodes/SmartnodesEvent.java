package tensorlink.ledger.smartnodes;

import java.math.BigInteger;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;

/**
 * Something that happened on the Smartnodes contracts.
 *
 * @param at its block, and its place in it
 */
public record SmartnodesEvent(Cursor at, Change change) {

    /** Where to go on after this event. */
    public Cursor next() {
        return at.next();
    }

    /** What happened; votes are not told by the contracts. */
    public sealed interface Change {
        record JobCreated(Bytes32 job, Bytes32 owner, BigInteger payment, boolean inTokens)
                implements Change {}

        record JobCompleted(Bytes32 job, BigInteger payment, boolean inTokens) implements Change {}

        record ProposalCreated(int number, Bytes32 hash, Account creator) implements Change {}

        record ProposalExecuted(int number, Bytes32 hash) implements Change {}

        record ValidatorAdded(Account validator) implements Change {}

        record ValidatorRemoved(Account validator) implements Change {}

        record RoundStarted(BigInteger round) implements Change {}

        record DistributionCreated(
                BigInteger distribution, Bytes32 root, BigInteger tokens, BigInteger wei)
                implements Change {}

        /**
         * A worker was paid.
         *
         * @param distribution 0 where the contract does not say: {@link Profile#SHIPPED}
         */
        record Claimed(BigInteger distribution, Account worker, BigInteger tokens)
                implements Change {}
    }
}
