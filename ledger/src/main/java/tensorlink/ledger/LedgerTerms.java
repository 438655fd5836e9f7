package tensorlink.ledger;

import java.time.Duration;

/**
 * What holds for every request to a ledger.
 *
 * @param kind for people, such as {@code file}
 * @param networkId of the network whose ledger this is
 * @param domain in which messages to this ledger are signed
 * @param issuer who grants credits
 * @param expiryTolerance how long after its expiry something still counts, for clocks that differ
 * @param vouchersMax in one request to redeem
 * @param seats what makes a validator
 */
public record LedgerTerms(
        String kind,
        String networkId,
        Domain domain,
        Account issuer,
        Duration expiryTolerance,
        int vouchersMax,
        Periods periods,
        Seats seats) {

    /**
     * How long others have to act before something takes effect; whole seconds.
     *
     * @param withdrawal before money leaves a deposit, so that payees can redeem
     * @param unstaking before collateral leaves, so that it can be slashed
     * @param activation before a reward root counts, so that it can be cancelled
     * @param dispute for the arbiter to judge
     */
    public record Periods(
            Duration withdrawal, Duration unstaking, Duration activation, Duration dispute) {
        public Periods {
            checkWhole("withdrawal", withdrawal);
            checkWhole("unstaking", unstaking);
            checkWhole("activation", activation);
            checkWhole("dispute", dispute);
        }

        private static void checkWhole(String name, Duration period) {
            if (period.isNegative() || period.toNanosPart() != 0) {
                throw new IllegalArgumentException(
                        name + " is a whole number of seconds, not " + period);
            }
        }
    }

    /**
     * Who validates, and how many must agree.
     *
     * @param stakeMin the least collateral of a validator, more than zero
     * @param validatorsMin the fewest validators that post reward roots
     */
    public record Seats(Amount stakeMin, int validatorsMin) {
        public Seats {
            if (stakeMin.isZero() || validatorsMin < 1) {
                throw new IllegalArgumentException(
                        "bad seats: at least " + stakeMin + " credits, " + validatorsMin);
            }
        }

        /** How many of {@code validators} must sign: more than two thirds. */
        public static int quorum(int validators) {
            return 2 * validators / 3 + 1;
        }

        /** How many of {@code validators} can prevent a quorum, and so take back its root. */
        public static int veto(int validators) {
            return Math.max(1, validators + 1 - quorum(validators));
        }
    }
}
