package tensorlink.ledger.evm;

/** When a block counts as final: decisions about money are based on such blocks only. */
public sealed interface Finality {

    /** The chain says so itself: a block that its tag {@code finalized} has reached. */
    record Tagged() implements Finality {}

    /**
     * A block with so many blocks on it, for chains without the tag; 0 trusts the newest block,
     * which only a chain without reorganisations deserves.
     */
    record Depth(int blocks) implements Finality {
        public Depth {
            if (blocks < 0) {
                throw new IllegalArgumentException("depth is negative: " + blocks);
            }
        }
    }
}
