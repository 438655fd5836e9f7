package tensorlink.ledger.smartnodes;

/** How a validator votes on a proposal. */
public sealed interface Ballot {

    record For() implements Ballot {}

    /** The first thing that is wrong with it, and how, for people. */
    record Against(Fault fault, String why) implements Ballot {}

    /** What can be wrong with a proposal, in the order in which it is looked at. */
    enum Fault {
        /** What the proposer tells is not what the chain asks to vote on. */
        HASH,
        /** It is about another distribution than the next. */
        DISTRIBUTION,
        /** Other jobs are complete. */
        JOBS,
        /** Other validators lose their seat. */
        REMOVED,
        /** Other workers have worked. */
        WORKERS,
        /** A worker has given more or less. */
        CAPACITIES,
        /** The total is not the sum of the shares. */
        TOTAL,
        /** The tree has another root. */
        ROOT,
        /** A hash of workers or capacities is not that of the list. */
        LISTS
    }
}
