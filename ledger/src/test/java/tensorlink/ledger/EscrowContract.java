package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;

/**
 * What every {@link Ledger} must do that lets payers withdraw deposits and lock them for payees.
 */
public abstract class EscrowContract extends LedgerKit<FullLedger> {

    private Duration notice() {
        return ledger.info().periods().withdrawal();
    }

    private Signed<Withdrawal> withdrawal(AccountKey payer, long cumulative) {
        return payer.sign(domain, new Withdrawal(payer.account(), Amount.of(cumulative)));
    }

    private Signed<Lock> lock(AccountKey payer, AccountKey payee, long amount, Instant until) {
        return payer.sign(
                domain, new Lock(payer.account(), payee.account(), Amount.of(amount), until));
    }

    private Instant in(Duration time) {
        return clock.instant().plus(time);
    }

    // Withdrawals.

    @Test
    void money_leaves_a_deposit_when_its_notice_has_run() throws Exception {
        fund(ALICE, 100);

        assertThat(ledger.noticeWithdrawal(withdrawal(ALICE, 70))).isEqualTo(new Recorded());
        clock.advance(notice().minus(SECOND));
        rejects(Rejection.NOTICE_RUNNING, () -> ledger.withdraw(ALICE.account()));
        clock.advance(SECOND);

        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new Paid(Amount.of(70)));
        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new NoChange());
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(70));
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(30));
        assertThat(ledger.purse(ALICE.account()).withdrawn()).isEqualTo(Amount.of(70));
        assertThat(ledger.deposited(ALICE.account())).isEqualTo(Amount.of(100));
    }

    @Test
    void nobody_withdraws_without_notice() throws Exception {
        fund(ALICE, 100);

        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new NoChange());
        assertThat(ledger.withdraw(BOB.account())).isEqualTo(new NoChange());
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(100));
    }

    @Test
    void vouchers_are_paid_during_a_notice_and_what_they_leave_is_withdrawn() throws Exception {
        fund(ALICE, 100);
        ledger.noticeWithdrawal(withdrawal(ALICE, 100));

        var paid = ledger.redeem(List.of(voucher(ALICE, BOB, 60)));
        clock.advance(notice());

        assertThat(paid).isEqualTo(new Paid(Amount.of(60)));
        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new Paid(Amount.of(40)));
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.ZERO);
    }

    @Test
    void a_notice_counts_once_however_often_it_is_handed_in() throws Exception {
        fund(ALICE, 100);
        var notice = withdrawal(ALICE, 40);
        ledger.noticeWithdrawal(notice);

        assertThat(ledger.noticeWithdrawal(notice)).isEqualTo(new NoChange());
        assertThat(ledger.noticeWithdrawal(withdrawal(ALICE, 39))).isEqualTo(new NoChange());
        clock.advance(notice());
        ledger.withdraw(ALICE.account());

        assertThat(ledger.noticeWithdrawal(notice)).isEqualTo(new NoChange());
        clock.advance(notice());
        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new NoChange());
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(60));
    }

    @Test
    void a_second_notice_lengthens_the_one_that_runs() throws Exception {
        fund(ALICE, 100);
        ledger.noticeWithdrawal(withdrawal(ALICE, 40));
        clock.advance(notice().minus(SECOND));

        ledger.noticeWithdrawal(withdrawal(ALICE, 50));
        clock.advance(SECOND);

        assertThat(ledger.purse(ALICE.account()).notice())
                .isEqualTo(new Notice(Amount.of(50), Amount.of(50), in(notice().minus(SECOND))));
        rejects(Rejection.NOTICE_RUNNING, () -> ledger.withdraw(ALICE.account()));
        clock.advance(notice());
        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new Paid(Amount.of(50)));
    }

    @Test
    void each_field_of_a_withdrawal_and_of_a_lock_is_under_its_signature() throws Exception {
        fund(ALICE, 100);
        fund(key("alice's neighbour"), 100);
        var withdrawal = withdrawal(ALICE, 40);
        var lock = lock(ALICE, BOB, 40, in(HOUR));

        rejectsMutations(withdrawal, 2, forged -> ledger.noticeWithdrawal(forged));
        rejectsMutations(lock, 4, forged -> ledger.lock(forged));
        assertThat(ledger.noticeWithdrawal(withdrawal)).isEqualTo(new Recorded());
        assertThat(ledger.lock(lock)).isEqualTo(new Recorded());
    }

    @Test
    void a_withdrawal_or_lock_for_another_domain_is_refused() throws Exception {
        fund(ALICE, 100);
        var elsewhere = Domain.privateNetwork("another");
        var withdrawal = withdrawal(ALICE, 40).message();
        var lock = lock(ALICE, BOB, 40, in(HOUR)).message();

        rejects(
                Rejection.BAD_SIGNATURE,
                () -> ledger.noticeWithdrawal(ALICE.sign(elsewhere, withdrawal)));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.lock(ALICE.sign(elsewhere, lock)));
    }

    // Locks.

    @Test
    void what_is_locked_for_one_payee_is_paid_to_no_other_and_not_withdrawn() throws Exception {
        fund(ALICE, 100);
        ledger.noticeWithdrawal(withdrawal(ALICE, 100));
        ledger.lock(lock(ALICE, BOB, 70, in(notice().plus(HOUR))));

        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(voucher(ALICE, CAROL, 31))));
        assertThat(ledger.redeem(List.of(voucher(ALICE, CAROL, 10))))
                .isEqualTo(new Paid(Amount.of(10)));
        clock.advance(notice());
        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new Paid(Amount.of(20)));
        assertThat(ledger.redeem(List.of(voucher(ALICE, BOB, 70))))
                .isEqualTo(new Paid(Amount.of(70)));
        assertThat(ledger.purse(ALICE.account()).balance()).isEqualTo(Amount.ZERO);
    }

    @Test
    void a_payee_is_paid_from_its_lock_first_and_then_from_what_is_free() throws Exception {
        fund(ALICE, 100);
        ledger.lock(lock(ALICE, BOB, 30, in(HOUR)));

        ledger.redeem(List.of(voucher(ALICE, BOB, 20)));
        var first = ledger.pair(ALICE.account(), BOB.account());
        ledger.redeem(List.of(voucher(ALICE, BOB, 90)));

        assertThat(first.locked()).isEqualTo(Amount.of(10));
        assertThat(ledger.pair(ALICE.account(), BOB.account()).locked()).isEqualTo(Amount.ZERO);
        assertThat(ledger.purse(ALICE.account()).locked()).isEqualTo(Amount.ZERO);
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(10));
        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(voucher(ALICE, BOB, 101))));
    }

    @Test
    void one_deposit_is_not_locked_twice() throws Exception {
        fund(ALICE, 100);
        ledger.lock(lock(ALICE, BOB, 70, in(HOUR)));

        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.lock(lock(ALICE, CAROL, 31, in(HOUR))));
        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.lock(lock(ALICE, BOB, 101, in(HOUR.multipliedBy(2)))));
        assertThat(ledger.lock(lock(ALICE, CAROL, 30, in(HOUR)))).isEqualTo(new Recorded());
        assertThat(ledger.purse(ALICE.account()).locked()).isEqualTo(Amount.of(100));
    }

    @Test
    void a_lock_that_runs_grows_only_and_an_older_one_changes_nothing() throws Exception {
        fund(ALICE, 100);
        var first = lock(ALICE, BOB, 40, in(HOUR));
        ledger.lock(first);

        rejects(
                Rejection.LOCK_SHRINKS,
                () -> ledger.lock(lock(ALICE, BOB, 39, in(HOUR.plus(SECOND)))));
        assertThat(ledger.lock(lock(ALICE, BOB, 50, in(HOUR.plus(SECOND)))))
                .isEqualTo(new Recorded());
        assertThat(ledger.lock(first)).isEqualTo(new NoChange());
        assertThat(ledger.lock(lock(ALICE, BOB, 90, in(HOUR)))).isEqualTo(new NoChange());
        assertThat(ledger.pair(ALICE.account(), BOB.account()))
                .isEqualTo(new PairRecord(Amount.ZERO, Amount.of(50), in(HOUR.plus(SECOND))));
    }

    @Test
    void a_lock_must_end_in_the_future() throws Exception {
        fund(ALICE, 100);

        rejects(Rejection.LOCK_EXPIRED, () -> ledger.lock(lock(ALICE, BOB, 1, clock.instant())));
        assertThat(ledger.lock(lock(ALICE, BOB, 1, in(SECOND)))).isEqualTo(new Recorded());
    }

    @Test
    void a_lock_is_freed_when_it_and_the_tolerance_are_over() throws Exception {
        fund(ALICE, 100);
        ledger.lock(lock(ALICE, BOB, 100, in(HOUR)));
        clock.advance(HOUR.plus(ledger.info().expiryTolerance()));

        rejects(Rejection.LOCK_ACTIVE, () -> ledger.unlock(ALICE.account(), BOB.account()));
        clock.advance(SECOND);

        assertThat(ledger.unlock(ALICE.account(), BOB.account())).isEqualTo(new Recorded());
        assertThat(ledger.unlock(ALICE.account(), BOB.account())).isEqualTo(new NoChange());
        assertThat(ledger.purse(ALICE.account()).free()).isEqualTo(Amount.of(100));
        assertThat(ledger.redeem(List.of(voucher(ALICE, CAROL, 100))))
                .isEqualTo(new Paid(Amount.of(100)));
    }

    @Test
    void a_lock_that_is_over_can_be_replaced_by_a_smaller_one() throws Exception {
        fund(ALICE, 100);
        ledger.lock(lock(ALICE, BOB, 100, in(HOUR)));
        clock.advance(HOUR.plus(SECOND));

        assertThat(ledger.lock(lock(ALICE, BOB, 10, in(HOUR)))).isEqualTo(new Recorded());
        assertThat(ledger.purse(ALICE.account()).locked()).isEqualTo(Amount.of(10));
    }

    @Test
    void events_tell_of_notices_withdrawals_and_locks() throws Exception {
        fund(ALICE, 100);
        var from = ledger.events(Cursor.START, _ -> {});
        var until = in(HOUR);
        var ends = in(notice());
        ledger.noticeWithdrawal(withdrawal(ALICE, 30));
        ledger.lock(lock(ALICE, BOB, 50, until));
        pass(HOUR);
        ledger.unlock(ALICE.account(), BOB.account());
        clock.advance(notice());
        ledger.withdraw(ALICE.account());

        assertThat(eventsFrom(from))
                .extracting(LedgerEvent::change)
                .containsExactly(
                        new Change.WithdrawalNoticed(ALICE.account(), Amount.of(30), ends),
                        new Change.Locked(ALICE.account(), BOB.account(), Amount.of(50), until),
                        new Change.Unlocked(ALICE.account(), BOB.account(), Amount.of(50)),
                        new Change.Withdrawn(ALICE.account(), Amount.of(30)));
    }
}
