package tensorlink.ledger;

/** Why a ledger refuses. The {@linkplain #errorName names} are those of our contract's errors. */
public enum Rejection {
    /** The message's signer did not sign it for this ledger's domain. */
    BAD_SIGNATURE("BadSignature"),
    /** The issuance names another issuer than the network's. */
    NOT_ISSUER("NotIssuer"),
    /** The issuance would take the sum of all credits past 2<sup>128</sup>−1. */
    SUPPLY_EXCEEDED("SupplyExceeded"),
    /** The payer has fewer credits than it wants to deposit. */
    INSUFFICIENT_CREDITS("InsufficientCredits"),
    /** A payer's deposit does not cover its vouchers, so none of the batch is redeemed. */
    INSUFFICIENT_DEPOSIT("InsufficientDeposit"),
    VOUCHER_EXPIRED("VoucherExpired"),
    TOO_MANY_VOUCHERS("TooManyVouchers"),
    JOB_UNKNOWN("JobUnknown"),
    /** The id belongs to a job with another notary. */
    JOB_EXISTS("JobExists"),
    JOB_CLOSED("JobClosed"),
    /** The closer is neither the job's payer nor its notary. */
    NOT_JOB_PARTY("NotJobParty"),
    TOO_MANY_OPEN_JOBS("TooManyOpenJobs"),
    /** The agreement's job id is not that of its specification, payer and salt. */
    JOB_MISMATCH("JobMismatch"),
    AGREEMENT_EXPIRED("AgreementExpired"),
    TOO_MANY_AGREEMENTS("TooManyAgreements"),
    BINDING_EXPIRED("BindingExpired"),
    /** The binding reaches further into the future than allowed. */
    BINDING_TOO_LONG("BindingTooLong"),
    /** The lock's end is over already. */
    LOCK_EXPIRED("LockExpired"),
    /** A lock that runs can be made larger and longer only. */
    LOCK_SHRINKS("LockShrinks"),
    /** The lock is not over, so it cannot be freed. */
    LOCK_ACTIVE("LockActive"),
    /** Money leaves when its notice ends, not before. */
    NOTICE_RUNNING("NoticeRunning"),
    /** The account has not put up enough collateral, or was slashed. */
    NOT_VALIDATOR("NotValidator"),
    RECORD_TOO_LARGE("RecordTooLarge"),
    /** Fewer validators have signed than must. */
    QUORUM_MISSING("QuorumMissing"),
    TOO_FEW_VALIDATORS("TooFewValidators"),
    /** The two statements do not contradict each other. */
    NO_EQUIVOCATION("NoEquivocation"),
    /** The pool does not hold what the root promises. */
    REWARD_POOL_EXCEEDED("RewardPoolExceeded"),
    /** The root's total is less than the one's before: sums only grow. */
    REWARDS_SHRINK("RewardsShrink"),
    /** The leaves add up to more than the root's total. */
    REWARDS_EXCEED_TOTAL("RewardsExceedTotal"),
    /** A root of this epoch or a later one was posted, even if it was cancelled. */
    EPOCH_PASSED("EpochPassed"),
    /** Another root waits for its delay to pass. */
    ROOT_PENDING("RootPending"),
    ROOT_UNKNOWN("RootUnknown"),
    /** The root counts already, so it cannot be cancelled. */
    ROOT_ACTIVE("RootActive"),
    /** The proof does not lead from the account's total to the root. */
    INVALID_PROOF("InvalidProof"),
    /** The agreement is not on the ledger, or not the one that the message names. */
    AGREEMENT_UNKNOWN("AgreementUnknown"),
    /** Only its payer and its payee can dispute an agreement. */
    NOT_AGREEMENT_PARTY("NotAgreementParty"),
    /** The agreement names nobody to judge, or somebody else. */
    NOT_ARBITER("NotArbiter"),
    DISPUTE_UNKNOWN("DisputeUnknown"),
    /** The time for a verdict has passed, or there is another one. */
    DISPUTE_OVER("DisputeOver"),
    /** The verdict moves more than the agreement's maximum price. */
    VERDICT_TOO_HIGH("VerdictTooHigh");

    private final String errorName;

    Rejection(String errorName) {
        this.errorName = errorName;
    }

    /** The Solidity name, as in {@code revert BadSignature()}. */
    public String errorName() {
        return errorName;
    }
}
