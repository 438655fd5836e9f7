package tensorlink.ledger.evm;

import java.time.Duration;

/** Lets time pass between two looks at the chain: {@code scheduler::sleep} in a node. */
@FunctionalInterface
public interface Pause {
    void sleep(Duration duration) throws InterruptedException;
}
