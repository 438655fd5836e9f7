package tensorlink.ledger.smartnodes;

import java.math.BigInteger;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;

/**
 * What a round would do. Validators vote on its hash; it is told to the contract only when it is
 * executed.
 *
 * <p><b>The contracts leave {@code totalCapacity} out of the hash</b>: whoever executes may say
 * another one than was voted on. {@link Books} refuses a proposal that says a wrong one, which is
 * all a voter can do; {@link SmartnodesLedger#distribution} shows which one was said.
 *
 * @param root of the {@link Distribution}'s tree
 * @param totalCapacity the sum of its shares
 * @param removed validators that lose their seat
 * @param jobs that are complete
 */
public record Proposal(
        Bytes32 root,
        BigInteger totalCapacity,
        List<Account> removed,
        List<Bytes32> jobs,
        Bytes32 workersHash,
        Bytes32 capacitiesHash) {
    public static final int JOBS_MAX = 4_096;
    public static final int REMOVED_MAX = 256;

    /** Proposals are counted from 1 in one byte. */
    public static final int NUMBER_MAX = 255;

    public Proposal {
        removed = List.copyOf(removed);
        jobs = List.copyOf(jobs);
        if (totalCapacity.signum() < 0 || totalCapacity.bitLength() > 256) {
            throw new IllegalArgumentException(
                    "totalCapacity is not from 0 to 2^256-1: "
                            + totalCapacity.bitLength()
                            + " bits");
        }
        if (jobs.size() > JOBS_MAX) {
            throw new IllegalArgumentException(jobs.size() + " jobs, at most " + JOBS_MAX);
        }
        if (removed.size() > REMOVED_MAX) {
            throw new IllegalArgumentException(
                    removed.size() + " validators removed, at most " + REMOVED_MAX);
        }
    }

    /** What pays {@code distribution}. */
    public static Proposal of(
            Distribution distribution, List<Account> removed, List<Bytes32> jobs) {
        return new Proposal(
                distribution.root(),
                distribution.total(),
                removed,
                jobs,
                distribution.workersHash(),
                distribution.capacitiesHash());
    }

    /**
     * What is voted on.
     *
     * @param number of the proposal in its round, from 1; counts only in {@link Profile#SHIPPED}
     */
    public Bytes32 hash(Profile profile, int number) {
        if (number < 1 || number > NUMBER_MAX) {
            throw new IllegalArgumentException(
                    "a proposal's number is from 1 to " + NUMBER_MAX + ", not " + number);
        }
        return Bytes32.keccak(
                switch (profile) {
                    case SHIPPED ->
                            AbiValue.encode(
                                    AbiValue.number(number),
                                    AbiValue.word(root),
                                    AbiValue.accounts(removed),
                                    AbiValue.words(jobs),
                                    AbiValue.word(workersHash),
                                    AbiValue.word(capacitiesHash));
                    case HEAD ->
                            AbiValue.encode(
                                    AbiValue.word(root),
                                    AbiValue.accounts(removed),
                                    AbiValue.words(jobs),
                                    AbiValue.word(workersHash),
                                    AbiValue.word(capacitiesHash));
                });
    }
}
