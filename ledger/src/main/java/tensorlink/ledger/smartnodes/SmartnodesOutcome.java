package tensorlink.ledger.smartnodes;

import java.util.List;
import tensorlink.ledger.Bytes32;

/** What became of a request to the contracts. */
public sealed interface SmartnodesOutcome {

    /** It is in a final block. */
    record Done(Bytes32 transaction, long gasUsed, List<SmartnodesEvent> events)
            implements SmartnodesOutcome {
        public Done {
            events = List.copyOf(events);
        }
    }

    /**
     * A contract refuses it, and nothing has changed.
     *
     * @param error its name in the contract, such as {@code Coordinator__AlreadyVoted}; in words
     *     when it has none that is known
     */
    record Refused(String error) implements SmartnodesOutcome {}

    /** It was not sent, since it would lose the caller something; {@code why} is for people. */
    record Withheld(String why) implements SmartnodesOutcome {}

    /** The vote was not given: what is wrong with the proposal. */
    record VotedAgainst(Ballot.Against ballot) implements SmartnodesOutcome {}
}
