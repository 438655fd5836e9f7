package tensorlink.ledger.evm;

import java.time.Duration;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;

/**
 * What is fixed for good when the contract is deployed.
 *
 * @param issuer whose signature grants credits
 * @param guardian may cancel a root of rewards; {@link Account#ZERO} for nobody
 * @param stakeMin the least collateral of a validator
 * @param validatorsMin the fewest validators that post roots
 * @param withdrawalNotice how long payees have to redeem before money leaves a deposit
 * @param unstakeDelay how long collateral can be slashed after notice
 * @param activationDelay how long a root waits before it counts
 * @param disputeWindow how long an arbiter has to judge
 */
public record EvmTerms(
        Account issuer,
        Account guardian,
        Amount stakeMin,
        int validatorsMin,
        Duration withdrawalNotice,
        Duration unstakeDelay,
        Duration activationDelay,
        Duration disputeWindow) {

    public EvmTerms {
        issuer.checkNamed("issuer");
        if (stakeMin.isZero() || validatorsMin < 1) {
            throw new IllegalArgumentException(
                    "validators need a stake and each other: " + stakeMin + ", " + validatorsMin);
        }
        check("withdrawalNotice", withdrawalNotice);
        check("unstakeDelay", unstakeDelay);
        check("activationDelay", activationDelay);
        check("disputeWindow", disputeWindow);
    }

    /**
     * A day of notice, a week until collateral is back, a day until a root counts, three days to
     * judge; four validators.
     */
    public static EvmTerms of(Account issuer, Account guardian, Amount stakeMin) {
        return new EvmTerms(
                issuer,
                guardian,
                stakeMin,
                4,
                Duration.ofDays(1),
                Duration.ofDays(7),
                Duration.ofDays(1),
                Duration.ofDays(3));
    }

    private static void check(String name, Duration duration) {
        if (!duration.isPositive() || duration.toDays() > 365) {
            throw new IllegalArgumentException(name + " is up to a year, not " + duration);
        }
    }
}
