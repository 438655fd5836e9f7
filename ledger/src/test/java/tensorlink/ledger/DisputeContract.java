package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;

/** What every {@link Ledger} must do on which agreements can be disputed. Carol is the arbiter. */
public abstract class DisputeContract extends LedgerKit<FullLedger> {
    private static final Bytes32 EVIDENCE = Bytes32.keccak("receipts");

    private Duration window() {
        return ledger.info().periods().dispute();
    }

    private Agreement anchored(long deposit) throws Exception {
        if (deposit > 0) {
            fund(ALICE, deposit);
        }
        ledger.openJob(ALICE.sign(domain, opening()));
        ledger.recordAgreement(signed(domain, agreement()));
        return agreement();
    }

    private Signed<Dispute> dispute(AccountKey plaintiff, Agreement agreement) {
        var m = new Dispute(agreement.digest(domain), plaintiff.account(), EVIDENCE);
        return plaintiff.sign(domain, m);
    }

    private Signed<Verdict> verdict(AccountKey arbiter, Agreement agreement, long cumulative) {
        var m = new Verdict(agreement.digest(domain), Amount.of(cumulative), arbiter.account());
        return arbiter.sign(domain, m);
    }

    @Test
    void the_arbiter_pays_the_payee_in_the_payers_place() throws Exception {
        var agreement = anchored(1_000);
        ledger.redeem(List.of(voucher(ALICE, BOB, 100)));
        var digest = agreement.digest(domain);
        var ends = clock.instant().plus(window());

        assertThat(ledger.dispute(agreement, dispute(BOB, agreement))).isEqualTo(new Recorded());
        assertThat(ledger.disputed(digest))
                .contains(new DisputeRecord(BOB.account(), EVIDENCE, ends, Optional.empty()));
        assertThat(ledger.judge(agreement, verdict(CAROL, agreement, 350)))
                .isEqualTo(new Paid(Amount.of(250)));

        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(350));
        assertThat(ledger.redeemed(ALICE.account(), BOB.account())).isEqualTo(Amount.of(350));
        assertThat(ledger.disputed(digest).flatMap(DisputeRecord::awarded))
                .contains(Amount.of(250));
        assertThat(ledger.redeem(List.of(voucher(ALICE, BOB, 350)))).isEqualTo(new NoChange());
    }

    @Test
    void what_the_agreement_can_cost_is_kept_while_it_is_disputed() throws Exception {
        var agreement = anchored(1_500);
        ledger.dispute(agreement, dispute(BOB, agreement));

        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(voucher(ALICE, ALICE, 501))));
        assertThat(ledger.pair(ALICE.account(), BOB.account()).locked())
                .isEqualTo(Amount.of(1_000));
        assertThat(ledger.judge(agreement, verdict(CAROL, agreement, 1_000)))
                .isEqualTo(new Paid(Amount.of(1_000)));
    }

    @Test
    void what_is_left_of_a_small_deposit_is_kept() throws Exception {
        var agreement = anchored(30);
        ledger.dispute(agreement, dispute(ALICE, agreement));

        assertThat(ledger.purse(ALICE.account()).locked()).isEqualTo(Amount.of(30));
        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.judge(agreement, verdict(CAROL, agreement, 31)));
        assertThat(ledger.judge(agreement, verdict(CAROL, agreement, 30)))
                .isEqualTo(new Paid(Amount.of(30)));
    }

    @Test
    void without_a_verdict_in_time_the_last_voucher_stands() throws Exception {
        var agreement = anchored(1_000);
        ledger.redeem(List.of(voucher(ALICE, BOB, 100)));
        ledger.dispute(agreement, dispute(BOB, agreement));
        pass(window());

        rejects(
                Rejection.DISPUTE_OVER,
                () -> ledger.judge(agreement, verdict(CAROL, agreement, 350)));
        assertThat(ledger.unlock(ALICE.account(), BOB.account())).isEqualTo(new Recorded());
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(100));
        assertThat(ledger.purse(ALICE.account()).free()).isEqualTo(Amount.of(900));
    }

    @Test
    void only_the_parties_dispute_and_only_the_arbiter_judges() throws Exception {
        var agreement = anchored(1_000);
        var other = with(agreement, Bytes32.keccak("other job"));

        rejects(
                Rejection.NOT_AGREEMENT_PARTY,
                () -> ledger.dispute(agreement, dispute(CAROL, agreement)));
        rejects(Rejection.AGREEMENT_UNKNOWN, () -> ledger.dispute(other, dispute(BOB, other)));
        rejects(Rejection.AGREEMENT_UNKNOWN, () -> ledger.dispute(agreement, dispute(BOB, other)));
        rejects(
                Rejection.DISPUTE_UNKNOWN,
                () -> ledger.judge(agreement, verdict(CAROL, agreement, 10)));
        ledger.dispute(agreement, dispute(BOB, agreement));
        rejects(Rejection.NOT_ARBITER, () -> ledger.judge(agreement, verdict(BOB, agreement, 10)));
        rejects(Rejection.AGREEMENT_UNKNOWN, () -> ledger.judge(other, verdict(CAROL, other, 10)));
        assertThat(ledger.dispute(agreement, dispute(ALICE, agreement))).isEqualTo(new NoChange());
    }

    @Test
    void a_verdict_moves_no_more_than_the_agreement_can_cost_and_counts_once() throws Exception {
        var agreement = anchored(3_000);
        ledger.dispute(agreement, dispute(BOB, agreement));

        rejects(
                Rejection.VERDICT_TOO_HIGH,
                () -> ledger.judge(agreement, verdict(CAROL, agreement, 1_001)));
        assertThat(ledger.judge(agreement, verdict(CAROL, agreement, 400)))
                .isEqualTo(new Paid(Amount.of(400)));
        assertThat(ledger.judge(agreement, verdict(CAROL, agreement, 400)))
                .isEqualTo(new NoChange());
        rejects(
                Rejection.DISPUTE_OVER,
                () -> ledger.judge(agreement, verdict(CAROL, agreement, 401)));
    }

    @Test
    void a_verdict_can_say_that_nothing_more_is_owed() throws Exception {
        var agreement = anchored(1_000);
        ledger.redeem(List.of(voucher(ALICE, BOB, 100)));
        ledger.dispute(agreement, dispute(BOB, agreement));

        assertThat(ledger.judge(agreement, verdict(CAROL, agreement, 100)))
                .isEqualTo(new Recorded());
        assertThat(ledger.disputed(agreement.digest(domain)).flatMap(DisputeRecord::awarded))
                .contains(Amount.ZERO);
    }

    @Test
    void each_field_of_a_dispute_and_of_a_verdict_is_under_its_signature() throws Exception {
        var agreement = anchored(1_000);
        var dispute = dispute(BOB, agreement);
        rejectsMutations(dispute, 3, forged -> ledger.dispute(agreement, forged));
        ledger.dispute(agreement, dispute);
        var verdict = verdict(CAROL, agreement, 300);

        rejectsMutations(verdict, 3, forged -> ledger.judge(agreement, forged));

        assertThat(ledger.judge(agreement, verdict)).isEqualTo(new Paid(Amount.of(300)));
    }

    @Test
    void events_tell_of_disputes_and_verdicts() throws Exception {
        var agreement = anchored(1_000);
        var from = ledger.events(Cursor.START, _ -> {});
        var digest = agreement.digest(domain);
        var ends = clock.instant().plus(window());
        ledger.dispute(agreement, dispute(BOB, agreement));
        ledger.judge(agreement, verdict(CAROL, agreement, 300));

        assertThat(eventsFrom(from))
                .extracting(LedgerEvent::change)
                .isEqualTo(
                        List.of(
                                new Change.Disputed(
                                        digest, BOB.account(), EVIDENCE, ends, Amount.of(1_000)),
                                new Change.Judged(
                                        digest,
                                        ALICE.account(),
                                        BOB.account(),
                                        Amount.of(300),
                                        Amount.of(300))));
    }
}
