package tensorlink.ledger.smartnodes;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import tensorlink.ledger.Account;

/**
 * How the round that is open stands.
 *
 * @param number counts the executed proposals, from 1
 * @param lastExecution of a proposal; 1970 before the first
 * @param updateTime how long after it the next proposal may come
 * @param selected the validators that may propose first
 * @param votesNeeded for a proposal to be executed
 * @param expired whether any validator may propose; then <b>each new proposal wipes those before
 *     it, with their votes</b>
 */
public record Round(
        BigInteger number,
        Instant lastExecution,
        Duration updateTime,
        List<Account> selected,
        int votesNeeded,
        boolean expired) {
    public Round {
        selected = List.copyOf(selected);
    }
}
