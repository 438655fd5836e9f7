package tensorlink.ledger.smartnodes;

/**
 * Which generation of the contracts a network has; {@link SmartnodesLedger} finds out by asking.
 */
public enum Profile {
    /** Whose interface Tensorlink ships: a proposal's hash begins with its number in the round. */
    SHIPPED,

    /** The newest of their repository: the hash does without the number. */
    HEAD
}
