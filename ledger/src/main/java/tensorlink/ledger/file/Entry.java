package tensorlink.ledger.file;

import java.time.Instant;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Lock;
import tensorlink.ledger.PeerRecord;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RootCancel;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Unstake;
import tensorlink.ledger.Verdict;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.Withdrawal;

/**
 * One change of the ledger: the signed message and the money that it moved.
 *
 * <p>Also the form in which a change is asked for; the amounts then mean nothing, since {@link
 * LedgerState#decide} finds them.
 */
sealed interface Entry {

    /** {@code amount} is what the account gained. */
    record Issued(Signed<Issuance> issuance, Amount amount) implements Entry {}

    /** {@code amount} is what went from the payer's credits into its deposit. */
    record Deposited(Signed<Deposit> deposit, Amount amount) implements Entry {}

    record JobOpened(Signed<JobOpening> opening) implements Entry {}

    record AgreementRecorded(SignedAgreement agreement) implements Entry {}

    record JobClosed(Signed<JobClosing> closing) implements Entry {}

    /** A batch of vouchers that were paid together. */
    record Settled(List<Payment> payments) implements Entry {
        public Settled {
            payments = List.copyOf(payments);
        }

        Amount total() {
            var total = Amount.ZERO;
            for (var payment : payments) {
                total = total.plus(payment.amount);
            }
            return total;
        }
    }

    /** {@code amount} is what went from the payer's deposit into the payee's credits. */
    record Payment(Signed<Voucher> voucher, Amount amount) {}

    /** {@code leaving} is what leaves at {@code ends}. */
    record WithdrawalNoticed(Signed<Withdrawal> withdrawal, Amount leaving, Instant ends)
            implements Entry {}

    record Withdrawn(Account payer, Amount amount) implements Entry {}

    record Locked(Signed<Lock> lock) implements Entry {}

    record Unlocked(Account payer, Account payee, Amount amount) implements Entry {}

    /** {@code locked} is what is then kept for the payee in all, until {@code ends} or longer. */
    record Disputed(Agreement agreement, Signed<Dispute> dispute, Amount locked, Instant ends)
            implements Entry {}

    /** {@code amount} is what went from the payer's deposit into the payee's credits. */
    record Judged(Agreement agreement, Signed<Verdict> verdict, Amount amount) implements Entry {}

    /** What a change of its collateral makes of an account. */
    enum Seat {
        SAME(0),
        TAKEN(1),
        LEFT(2);

        private final int code;

        Seat(int code) {
            this.code = code;
        }

        /** The number that is stored; it never changes. */
        int code() {
            return code;
        }
    }

    record Staked(Signed<Stake> stake, Amount amount, Seat seat) implements Entry {}

    record UnstakeNoticed(Signed<Unstake> unstake, Amount leaving, Instant ends, Seat seat)
            implements Entry {}

    record Unstaked(Account validator, Amount amount) implements Entry {}

    record Announced(Signed<PeerRecord> record) implements Entry {}

    /** {@code reported} went into the reporter's credits, {@code burned} is gone. */
    record Slashed(
            Equivocation.Roots proof, Account reporter, Amount burned, Amount reported, Seat seat)
            implements Entry {}

    record Funded(Signed<Funding> funding, Amount amount) implements Entry {}

    record RootPosted(RewardRoot root, List<Endorsement> quorum, Instant activeFrom)
            implements Entry {
        public RootPosted {
            quorum = List.copyOf(quorum);
        }
    }

    record RootCancelled(RootCancel cancel, List<Endorsement> veto) implements Entry {
        public RootCancelled {
            veto = List.copyOf(veto);
        }
    }

    /** {@code amount} is what went from the pool into the account's credits. */
    record Claimed(Account account, Amount total, List<Bytes32> proof, Amount amount)
            implements Entry {
        public Claimed {
            proof = List.copyOf(proof);
        }
    }

    /** Whether all signatures are those of the signers that the messages name. */
    default boolean isAuthentic(Domain domain) {
        return switch (this) {
            case Issued(var issuance, var _) -> issuance.isAuthentic(domain);
            case Deposited(var deposit, var _) -> deposit.isAuthentic(domain);
            case JobOpened(var opening) -> opening.isAuthentic(domain);
            case AgreementRecorded(var agreement) -> agreement.isAuthentic(domain);
            case JobClosed(var closing) -> closing.isAuthentic(domain);
            case Settled(var payments) ->
                    payments.stream().allMatch(payment -> payment.voucher.isAuthentic(domain));
            case WithdrawalNoticed(var withdrawal, var _, var _) -> withdrawal.isAuthentic(domain);
            case Locked(var lock) -> lock.isAuthentic(domain);
            case Disputed(var _, var dispute, var _, var _) -> dispute.isAuthentic(domain);
            case Judged(var _, var verdict, var _) -> verdict.isAuthentic(domain);
            case Staked(var stake, var _, var _) -> stake.isAuthentic(domain);
            case UnstakeNoticed(var unstake, var _, var _, var _) -> unstake.isAuthentic(domain);
            case Announced(var record) -> record.isAuthentic(domain);
            case Slashed(var proof, var _, var _, var _, var _) -> proof.isProven(domain);
            case Funded(var funding, var _) -> funding.isAuthentic(domain);
            case RootPosted(var root, var quorum, var _) -> areBy(quorum, root.digest(domain));
            case RootCancelled(var cancel, var veto) -> areBy(veto, cancel.digest(domain));
            // Nobody's word is needed for what is owed anyway.
            case Withdrawn _, Unlocked _, Unstaked _, Claimed _ -> true;
        };
    }

    private static boolean areBy(List<Endorsement> endorsements, Bytes32 digest) {
        return endorsements.stream().allMatch(it -> it.signature().isBy(it.validator(), digest));
    }

    /** What happened, as others are told. */
    default List<Change> changes(Domain domain) {
        return switch (this) {
            case Issued(var issuance, var amount) -> {
                var m = issuance.message();
                yield List.of(new Change.Issued(m.account(), amount, m.cumulative()));
            }
            case Deposited(var deposit, var amount) -> {
                var m = deposit.message();
                yield List.of(new Change.Deposited(m.payer(), amount, m.cumulative()));
            }
            case JobOpened(var opening) -> {
                var m = opening.message();
                yield List.of(new Change.JobOpened(m.jobId(), m.payer(), m.notary()));
            }
            case AgreementRecorded(var signed) -> {
                var a = signed.agreement();
                yield List.of(
                        new Change.AgreementRecorded(
                                a.jobId(), a.digest(domain), a.payer(), a.payee()));
            }
            case JobClosed(var closing) -> {
                var m = closing.message();
                yield List.of(new Change.JobClosed(m.jobId(), m.end(), m.resultHash(), m.closer()));
            }
            case Settled(var payments) ->
                    payments.stream().map(Entry::redeemed).map(Change.class::cast).toList();
            case WithdrawalNoticed(var withdrawal, var leaving, var ends) -> {
                var payer = withdrawal.message().payer();
                yield List.of(new Change.WithdrawalNoticed(payer, leaving, ends));
            }
            case Withdrawn(var payer, var amount) -> List.of(new Change.Withdrawn(payer, amount));
            case Locked(var lock) -> {
                var m = lock.message();
                yield List.of(new Change.Locked(m.payer(), m.payee(), m.amount(), m.until()));
            }
            case Unlocked(var payer, var payee, var amount) ->
                    List.of(new Change.Unlocked(payer, payee, amount));
            case Disputed(var _, var dispute, var locked, var ends) -> {
                var m = dispute.message();
                yield List.of(
                        new Change.Disputed(
                                m.agreement(), m.plaintiff(), m.evidence(), ends, locked));
            }
            case Judged(var agreement, var verdict, var amount) -> {
                var m = verdict.message();
                yield List.of(
                        new Change.Judged(
                                m.agreement(),
                                agreement.payer(),
                                agreement.payee(),
                                amount,
                                m.cumulative()));
            }
            case Staked(var stake, var amount, var seat) -> {
                var m = stake.message();
                var change = new Change.Staked(m.validator(), amount, m.cumulative());
                yield and(change, seat, m.validator());
            }
            case UnstakeNoticed(var unstake, var leaving, var ends, var seat) -> {
                var validator = unstake.message().validator();
                yield and(new Change.UnstakeNoticed(validator, leaving, ends), seat, validator);
            }
            case Unstaked(var validator, var amount) ->
                    List.of(new Change.Unstaked(validator, amount));
            case Announced(var record) -> {
                var m = record.message();
                yield List.of(new Change.PeerAnnounced(m.validator(), m.serial(), m.record()));
            }
            case Slashed(var proof, var reporter, var burned, var reported, var seat) -> {
                var validator = proof.validator();
                yield and(
                        new Change.Slashed(validator, reporter, burned, reported), seat, validator);
            }
            case Funded(var funding, var amount) -> {
                var m = funding.message();
                yield List.of(new Change.Funded(m.funder(), amount, m.cumulative()));
            }
            case RootPosted(var root, var _, var activeFrom) ->
                    List.of(new Change.RootPosted(root, activeFrom));
            case RootCancelled(var cancel, var _) ->
                    List.of(new Change.RootCancelled(cancel.epoch()));
            case Claimed(var account, var total, var _, var amount) ->
                    List.of(new Change.Claimed(account, amount, total));
        };
    }

    private static List<Change> and(Change change, Seat seat, Account validator) {
        return switch (seat) {
            case SAME -> List.of(change);
            case TAKEN -> List.of(change, new Change.ValidatorJoined(validator));
            case LEFT -> List.of(change, new Change.ValidatorLeft(validator));
        };
    }

    private static Change.Redeemed redeemed(Payment payment) {
        var m = payment.voucher.message();
        return new Change.Redeemed(m.payer(), m.payee(), payment.amount, m.cumulative());
    }
}
