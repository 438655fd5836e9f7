package tensorlink.ledger.smartnodes;

import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;

/** A proposal that the open round has under a number. */
public record StandingProposal(Account creator, int number, long votes, Bytes32 hash) {}
