package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.JobRecord.Engagement;
import tensorlink.ledger.JobRecord.Status;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;
import tensorlink.ledger.Outcome.Rejected;

/**
 * What every {@link Ledger} must do, whatever keeps it. A kind of ledger passes by a subclass that
 * opens one; the tests run unchanged.
 */
public abstract class LedgerContract extends LedgerKit<Ledger> {

    /** How many random sequences of calls to try. */
    protected abstract int sequences();

    // Money.

    @Test
    void money_goes_from_the_issuer_through_credits_and_deposit_to_the_payee() throws Exception {
        var issued = ledger.issue(issuance(ALICE, 100));
        var deposited = ledger.deposit(deposit(ALICE, 60));
        var paid = ledger.redeem(List.of(voucher(ALICE, BOB, 25)));

        assertThat(issued).isEqualTo(new Recorded());
        assertThat(deposited).isEqualTo(new Recorded());
        assertThat(paid).isEqualTo(new Paid(Amount.of(25)));
        assertThat(ledger.issued(ALICE.account())).isEqualTo(Amount.of(100));
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(40));
        assertThat(ledger.deposited(ALICE.account())).isEqualTo(Amount.of(60));
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(35));
        assertThat(ledger.redeemed(ALICE.account(), BOB.account())).isEqualTo(Amount.of(25));
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(25));
    }

    @Test
    void sums_count_from_the_beginning_so_what_is_repeated_or_older_changes_nothing()
            throws Exception {
        fund(ALICE, 100);
        ledger.redeem(List.of(voucher(ALICE, BOB, 30)));
        var before = snapshot();

        assertThat(ledger.issue(issuance(ALICE, 100))).isEqualTo(new NoChange());
        assertThat(ledger.issue(issuance(ALICE, 99))).isEqualTo(new NoChange());
        assertThat(ledger.deposit(deposit(ALICE, 100))).isEqualTo(new NoChange());
        assertThat(ledger.deposit(deposit(ALICE, 1))).isEqualTo(new NoChange());
        assertThat(ledger.redeem(List.of(voucher(ALICE, BOB, 30)))).isEqualTo(new NoChange());
        assertThat(ledger.redeem(List.of(voucher(ALICE, BOB, 0)))).isEqualTo(new NoChange());
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void a_newer_voucher_pays_what_it_adds() throws Exception {
        fund(ALICE, 100);
        ledger.redeem(List.of(voucher(ALICE, BOB, 30)));

        var paid = ledger.redeem(List.of(voucher(ALICE, BOB, 42)));

        assertThat(paid).isEqualTo(new Paid(Amount.of(12)));
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(42));
    }

    @Test
    void ten_thousand_replays_pay_nothing() throws Exception {
        fund(ALICE, 100);
        var voucher = List.of(voucher(ALICE, BOB, 30));
        ledger.redeem(voucher);
        var before = snapshot();

        for (int i = 0; i < 10_000; i++) {
            assertThat(ledger.redeem(voucher)).isEqualTo(new NoChange());
        }

        assertThat(snapshot()).isEqualTo(before);
    }

    /** Signature checks cost; whoever sends nonsense must not make us pay for them. */
    @Test
    void what_the_rules_refuse_is_refused_before_its_signature_is_looked_at() throws Exception {
        fund(ALICE, 100);
        var tooMuch = voucher(ALICE, BOB, 101);
        var late = voucher(ALICE, BOB, Amount.of(5), clock.instant().minus(HOUR));
        var forged = voucher(CAROL, BOB, 1).signature();

        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(new Signed<>(tooMuch.message(), forged))));
        rejects(
                Rejection.VOUCHER_EXPIRED,
                () -> ledger.redeem(List.of(new Signed<>(late.message(), forged))));
        rejects(
                Rejection.BAD_SIGNATURE,
                () ->
                        ledger.redeem(
                                List.of(new Signed<>(voucher(ALICE, BOB, 5).message(), forged))));
    }

    @Test
    void whoever_hands_in_a_voucher_the_payee_is_paid() throws Exception {
        fund(ALICE, 100);
        var seen = voucher(ALICE, BOB, 30);

        // Nothing of the request names whoever hands it in, so it can only be another's gain.
        var redirected = new Signed<>(voucher(ALICE, CAROL, 30).message(), seen.signature());
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.redeem(List.of(redirected)));

        assertThat(ledger.redeem(List.of(seen))).isEqualTo(new Paid(Amount.of(30)));
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(30));
    }

    @Test
    void what_was_earned_can_be_deposited_and_spent() throws Exception {
        fund(ALICE, 100);
        ledger.redeem(List.of(voucher(ALICE, BOB, 30)));

        var deposited = ledger.deposit(deposit(BOB, 20));
        var paid = ledger.redeem(List.of(voucher(BOB, CAROL, 20)));

        assertThat(deposited).isEqualTo(new Recorded());
        assertThat(paid).isEqualTo(new Paid(Amount.of(20)));
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(10));
        assertThat(ledger.credits(CAROL.account())).isEqualTo(Amount.of(20));
    }

    @Test
    void only_the_issuer_issues() throws Exception {
        var own = new Issuance(BOB.account(), BOB.account(), Amount.of(5));
        var forged =
                new Signed<>(
                        new Issuance(ISSUER.account(), BOB.account(), Amount.of(5)),
                        BOB.sign(own.digest(domain)));

        rejects(Rejection.NOT_ISSUER, () -> ledger.issue(BOB.sign(domain, own)));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.issue(forged));
    }

    @Test
    void a_deposit_takes_no_more_than_the_credits() throws Exception {
        ledger.issue(issuance(ALICE, 100));

        rejects(Rejection.INSUFFICIENT_CREDITS, () -> ledger.deposit(deposit(ALICE, 101)));
        assertThat(ledger.deposit(deposit(ALICE, 100))).isEqualTo(new Recorded());
        rejects(Rejection.INSUFFICIENT_CREDITS, () -> ledger.deposit(deposit(ALICE, 101)));
    }

    @Test
    void an_underfunded_voucher_is_not_burnt_by_a_payment_of_dust() throws Exception {
        fund(ALICE, 1);
        var voucher = voucher(ALICE, BOB, 50);

        rejects(Rejection.INSUFFICIENT_DEPOSIT, () -> ledger.redeem(List.of(voucher)));
        fund(ALICE, 50);

        assertThat(ledger.redeem(List.of(voucher))).isEqualTo(new Paid(Amount.of(50)));
    }

    @Test
    void a_batch_is_paid_whole_or_not_at_all() throws Exception {
        fund(ALICE, 100);
        fund(BOB, 10);
        var good = voucher(ALICE, CAROL, 60);
        var forged = new Signed<>(voucher(BOB, CAROL, 5).message(), good.signature());

        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(good, voucher(ALICE, BOB, 41))));
        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(good, voucher(BOB, CAROL, 11))));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.redeem(List.of(good, forged)));

        assertThat(ledger.redeem(List.of(good, voucher(ALICE, BOB, 40), voucher(BOB, CAROL, 10))))
                .isEqualTo(new Paid(Amount.of(110)));
    }

    @Test
    void money_of_a_batch_cannot_be_spent_again_in_the_same_batch() throws Exception {
        fund(ALICE, 100);

        rejects(
                Rejection.INSUFFICIENT_DEPOSIT,
                () -> ledger.redeem(List.of(voucher(ALICE, BOB, 100), voucher(BOB, CAROL, 1))));
    }

    @Test
    void vouchers_of_one_pair_in_a_batch_pay_the_largest_sum_once() throws Exception {
        fund(ALICE, 100);

        var rising = List.of(voucher(ALICE, BOB, 10), voucher(ALICE, BOB, 30));
        var falling = List.of(voucher(ALICE, CAROL, 30), voucher(ALICE, CAROL, 10));

        assertThat(ledger.redeem(rising)).isEqualTo(new Paid(Amount.of(30)));
        assertThat(ledger.redeem(falling)).isEqualTo(new Paid(Amount.of(30)));
    }

    @Test
    void a_stale_voucher_in_a_batch_is_skipped_whatever_else_is_wrong_with_it() throws Exception {
        fund(ALICE, 100);
        var old = voucher(ALICE, BOB, 10);
        ledger.redeem(List.of(old));
        var unsigned = new Signed<>(old.message(), voucher(BOB, ALICE, 1).signature());

        assertThat(ledger.redeem(List.of(unsigned, voucher(ALICE, CAROL, 5))))
                .isEqualTo(new Paid(Amount.of(5)));
    }

    @Test
    void a_batch_holds_as_many_vouchers_as_the_terms_say() throws Exception {
        fund(ALICE, 100);
        var voucher = voucher(ALICE, BOB, 10);
        int most = ledger.info().vouchersMax();

        rejects(
                Rejection.TOO_MANY_VOUCHERS,
                () -> ledger.redeem(java.util.Collections.nCopies(most + 1, voucher)));
        assertThat(ledger.redeem(java.util.Collections.nCopies(most, voucher)))
                .isEqualTo(new Paid(Amount.of(10)));
        assertThat(ledger.redeem(List.of())).isEqualTo(new NoChange());
    }

    @Test
    void a_payer_may_pay_itself() throws Exception {
        fund(ALICE, 100);

        assertThat(ledger.redeem(List.of(voucher(ALICE, ALICE, 30))))
                .isEqualTo(new Paid(Amount.of(30)));
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(70));
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(30));
    }

    @Test
    void the_largest_sums_do_not_overflow() throws Exception {
        var all = new Issuance(ISSUER.account(), ALICE.account(), Amount.MAX);
        ledger.issue(ISSUER.sign(domain, all));
        ledger.deposit(ALICE.sign(domain, new Deposit(ALICE.account(), Amount.MAX)));
        var toBob = voucher(ALICE, BOB, Amount.MAX, clock.instant().plus(HOUR));
        var toCarol = voucher(ALICE, CAROL, Amount.MAX, clock.instant().plus(HOUR));

        rejects(Rejection.SUPPLY_EXCEEDED, () -> ledger.issue(issuance(BOB, 1)));
        rejects(Rejection.INSUFFICIENT_DEPOSIT, () -> ledger.redeem(List.of(toBob, toCarol)));
        rejects(Rejection.INSUFFICIENT_CREDITS, () -> ledger.deposit(deposit(BOB, 1)));
        assertThat(ledger.redeem(List.of(toBob))).isEqualTo(new Paid(Amount.MAX));
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.MAX);
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.ZERO);
    }

    @Test
    void a_voucher_is_good_until_the_tolerance_after_its_expiry_has_passed() throws Exception {
        fund(ALICE, 100);
        var voucher = voucher(ALICE, BOB, Amount.of(10), clock.instant().plus(HOUR));
        var later = voucher(ALICE, BOB, Amount.of(20), clock.instant().plus(HOUR));
        clock.advance(HOUR.plus(ledger.info().expiryTolerance()));

        assertThat(ledger.redeem(List.of(voucher))).isEqualTo(new Paid(Amount.of(10)));
        clock.advance(Duration.ofSeconds(1));

        rejects(Rejection.VOUCHER_EXPIRED, () -> ledger.redeem(List.of(later)));
        assertThat(ledger.redeem(List.of(voucher))).isEqualTo(new NoChange());
        clock.advance(Duration.ofSeconds(-1));
        assertThat(ledger.redeem(List.of(later))).isEqualTo(new Paid(Amount.of(10)));
    }

    @Test
    void one_deposit_races_to_a_hundred_payees_and_never_pays_more_than_it_holds()
            throws Exception {
        fund(ALICE, 1_000);
        var calls = new ArrayList<Callable<Outcome>>();
        var payees = new ArrayList<AccountKey>();
        for (int i = 0; i < 100; i++) {
            var payee = key("payee " + i);
            var voucher = List.of(voucher(ALICE, payee, 30));
            payees.add(payee);
            calls.add(() -> ledger.redeem(voucher));
        }

        int paid = 0;
        for (var outcome : atOnce(calls)) {
            switch (outcome) {
                case Paid(var amount) -> {
                    assertThat(amount).isEqualTo(Amount.of(30));
                    paid++;
                }
                case Rejected(var code, var _) ->
                        assertThat(code).isEqualTo(Rejection.INSUFFICIENT_DEPOSIT);
                case Recorded(), NoChange() -> throw new AssertionError(outcome);
            }
        }

        assertThat(paid).isEqualTo(33);
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.of(10));
        var earned = Amount.ZERO;
        for (var payee : payees) {
            earned = earned.plus(ledger.credits(payee.account()));
        }
        assertThat(earned).isEqualTo(Amount.of(990));
    }

    @Test
    void one_voucher_handed_in_by_many_at_once_is_paid_once() throws Exception {
        fund(ALICE, 100);
        var voucher = List.of(voucher(ALICE, BOB, 30));
        var calls = new ArrayList<Callable<Outcome>>();
        for (int i = 0; i < 50; i++) {
            calls.add(() -> ledger.redeem(voucher));
        }

        var outcomes = atOnce(calls);

        assertThat(outcomes).filteredOn(new Paid(Amount.of(30))::equals).hasSize(1);
        assertThat(outcomes).filteredOn(new NoChange()::equals).hasSize(49);
        assertThat(ledger.credits(BOB.account())).isEqualTo(Amount.of(30));
    }

    // Signatures.

    @Test
    void what_was_signed_for_any_other_domain_is_refused() throws Exception {
        fund(ALICE, 100);
        ledger.openJob(ALICE.sign(domain, opening()));
        var others =
                List.of(
                        Domain.privateNetwork("another"),
                        new Domain(domain.name(), domain.version(), 1, domain.verifyingContract()),
                        new Domain(domain.name(), "2", 0, domain.verifyingContract()),
                        new Domain("Other", domain.version(), 0, domain.verifyingContract()),
                        Domain.contract(84532, domain.verifyingContract()));

        for (var other : others) {
            var issuance = new Issuance(ISSUER.account(), ALICE.account(), Amount.of(200));
            var voucher = voucher(ALICE, BOB, 10).message();
            var second = new JobOpening(SPEC, BOB.account(), SALT, CAROL.account());
            var closing = new JobClosing(jobId(), JobEnd.FAILED, Bytes32.ZERO, ALICE.account());
            fundCredits(BOB, 5);

            rejects(Rejection.BAD_SIGNATURE, () -> ledger.issue(ISSUER.sign(other, issuance)));
            rejects(
                    Rejection.BAD_SIGNATURE,
                    () ->
                            ledger.deposit(
                                    BOB.sign(other, new Deposit(BOB.account(), Amount.of(5)))));
            rejects(
                    Rejection.BAD_SIGNATURE,
                    () -> ledger.redeem(List.of(ALICE.sign(other, voucher))));
            rejects(Rejection.BAD_SIGNATURE, () -> ledger.openJob(BOB.sign(other, second)));
            rejects(
                    Rejection.BAD_SIGNATURE,
                    () -> ledger.recordAgreement(signed(other, agreement())));
            rejects(Rejection.BAD_SIGNATURE, () -> ledger.closeJob(ALICE.sign(other, closing)));
        }
    }

    @Test
    void each_field_of_a_voucher_is_under_its_signature() throws Exception {
        fund(ALICE, 100);
        var voucher = voucher(ALICE, BOB, 10);

        rejectsMutations(voucher, 5, forged -> ledger.redeem(List.of(forged)));
        assertThat(ledger.redeem(List.of(voucher))).isEqualTo(new Paid(Amount.of(10)));
    }

    @Test
    void each_field_of_an_issuance_and_of_a_deposit_is_under_its_signature() throws Exception {
        var issuance = issuance(ALICE, 10);
        var deposit = deposit(ALICE, 5);

        rejectsMutations(issuance, 3, forged -> ledger.issue(forged));
        ledger.issue(issuance);
        rejectsMutations(deposit, 2, forged -> ledger.deposit(forged));
        assertThat(ledger.deposit(deposit)).isEqualTo(new Recorded());
    }

    @Test
    void each_field_of_a_jobs_opening_and_closing_is_under_its_signature() throws Exception {
        var opening = ALICE.sign(domain, opening());
        var closing =
                CAROL.sign(
                        domain, new JobClosing(jobId(), JobEnd.COMPLETED, RESULT, CAROL.account()));

        rejectsMutations(opening, 4, forged -> ledger.openJob(forged));
        ledger.openJob(opening);
        rejectsMutations(closing, 4, forged -> ledger.closeJob(forged));
        assertThat(ledger.closeJob(closing)).isEqualTo(new Recorded());
    }

    @Test
    void each_field_of_an_agreement_is_under_both_signatures() throws Exception {
        ledger.openJob(ALICE.sign(domain, opening()));
        var signed = signed(domain, agreement());
        var mutations = Mutations.of(signed.agreement());

        for (var field : mutations.entrySet()) {
            assertThat(field.getValue()).as(field.getKey()).isNotEmpty();
            for (var mutation : field.getValue()) {
                var forged =
                        new SignedAgreement(
                                mutation, signed.payerSignature(), signed.payeeSignature());
                assertThat(ledger.recordAgreement(forged))
                        .as(field.getKey())
                        .isInstanceOf(Rejected.class);
            }
        }

        assertThat(mutations).hasSize(11);
        assertThat(job().engagements()).isEmpty();
        assertThat(ledger.recordAgreement(signed)).isEqualTo(new Recorded());
    }

    @Test
    void each_bit_of_a_signature_counts() throws Exception {
        fund(ALICE, 100);
        var voucher = voucher(ALICE, BOB, 10);
        for (int bit = 0; bit < 8 * Signature65.SIZE; bit += 5) {
            var bytes = voucher.signature().bytes().toByteArray();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            Signature65 changed;
            try {
                changed = new Signature65(ByteString.copyFrom(bytes));
            } catch (IllegalArgumentException notASignature) {
                continue;
            }
            var forged = List.of(new Signed<>(voucher.message(), changed));

            rejects(Rejection.BAD_SIGNATURE, () -> ledger.redeem(forged));
        }
    }

    // Jobs.

    @Test
    void a_job_is_opened_agreed_on_and_closed() throws Exception {
        var opened = clock.instant();
        ledger.openJob(ALICE.sign(domain, opening()));
        assertThat(job())
                .isEqualTo(
                        new JobRecord(
                                jobId(),
                                SPEC,
                                ALICE.account(),
                                CAROL.account(),
                                opened,
                                List.of(),
                                new Status.Open()));
        assertThat(ledger.recordAgreement(signed(domain, agreement()))).isEqualTo(new Recorded());
        clock.advance(HOUR);

        var closed = ledger.closeJob(CAROL.sign(domain, closing(CAROL, JobEnd.COMPLETED)));

        assertThat(closed).isEqualTo(new Recorded());
        assertThat(job().engagements())
                .containsExactly(new Engagement(BOB.account(), agreement(opened).digest(domain)));
        assertThat(job().status())
                .isEqualTo(
                        new Status.Closed(
                                JobEnd.COMPLETED, RESULT, CAROL.account(), clock.instant()));
        assertThat(ledger.job(SPEC)).isEmpty();
    }

    @Test
    void a_job_is_opened_once() throws Exception {
        ledger.openJob(ALICE.sign(domain, opening()));
        var otherNotary = new JobOpening(SPEC, ALICE.account(), SALT, BOB.account());
        var otherSalt = new JobOpening(SPEC, ALICE.account(), SPEC, CAROL.account());

        assertThat(ledger.openJob(ALICE.sign(domain, opening()))).isEqualTo(new NoChange());
        rejects(Rejection.JOB_EXISTS, () -> ledger.openJob(ALICE.sign(domain, otherNotary)));
        assertThat(ledger.openJob(ALICE.sign(domain, otherSalt))).isEqualTo(new Recorded());
    }

    @Test
    void an_agreement_needs_its_open_job_and_both_signatures() throws Exception {
        var agreement = agreement();
        var signed = signed(domain, agreement);
        var unrelated = with(agreement, Bytes32.keccak("other job"));
        var payerOnly =
                new SignedAgreement(agreement, signed.payerSignature(), signed.payerSignature());
        var payeeOnly =
                new SignedAgreement(agreement, signed.payeeSignature(), signed.payeeSignature());

        rejects(Rejection.JOB_UNKNOWN, () -> ledger.recordAgreement(signed));
        ledger.openJob(ALICE.sign(domain, opening()));
        rejects(Rejection.JOB_MISMATCH, () -> ledger.recordAgreement(signed(domain, unrelated)));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.recordAgreement(payerOnly));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.recordAgreement(payeeOnly));
        assertThat(ledger.recordAgreement(signed)).isEqualTo(new Recorded());
        assertThat(ledger.recordAgreement(signed)).isEqualTo(new NoChange());
    }

    @Test
    void an_agreement_is_recorded_until_the_tolerance_after_its_deadline_has_passed()
            throws Exception {
        ledger.openJob(ALICE.sign(domain, opening()));
        var signed = signed(domain, agreement());
        clock.advance(HOUR.plus(ledger.info().expiryTolerance()).plusSeconds(1));

        rejects(Rejection.AGREEMENT_EXPIRED, () -> ledger.recordAgreement(signed));
        clock.advance(Duration.ofSeconds(-1));
        assertThat(ledger.recordAgreement(signed)).isEqualTo(new Recorded());
    }

    @Test
    void a_job_is_closed_once_by_its_payer_or_notary() throws Exception {
        rejects(
                Rejection.JOB_UNKNOWN,
                () -> ledger.closeJob(ALICE.sign(domain, closing(ALICE, JobEnd.FAILED))));
        ledger.openJob(ALICE.sign(domain, opening()));

        rejects(
                Rejection.NOT_JOB_PARTY,
                () -> ledger.closeJob(BOB.sign(domain, closing(BOB, JobEnd.FAILED))));
        assertThat(ledger.closeJob(ALICE.sign(domain, closing(ALICE, JobEnd.CANCELLED))))
                .isEqualTo(new Recorded());
        assertThat(ledger.closeJob(CAROL.sign(domain, closing(CAROL, JobEnd.CANCELLED))))
                .isEqualTo(new NoChange());
        rejects(
                Rejection.JOB_CLOSED,
                () -> ledger.closeJob(CAROL.sign(domain, closing(CAROL, JobEnd.COMPLETED))));
        rejects(Rejection.JOB_CLOSED, () -> ledger.recordAgreement(signed(domain, agreement())));
        assertThat(ledger.openJob(ALICE.sign(domain, opening()))).isEqualTo(new NoChange());
    }

    // Events.

    @Test
    void events_tell_every_change_once_and_in_order() throws Exception {
        var start = clock.instant();
        ledger.issue(issuance(ALICE, 100));
        ledger.issue(issuance(ALICE, 150));
        ledger.issue(issuance(ALICE, 150));
        ledger.deposit(deposit(ALICE, 60));
        ledger.openJob(ALICE.sign(domain, opening()));
        ledger.recordAgreement(signed(domain, agreement()));
        clock.advance(HOUR);
        ledger.redeem(List.of(voucher(ALICE, BOB, 10), voucher(ALICE, CAROL, 20)));
        ledger.closeJob(ALICE.sign(domain, closing(ALICE, JobEnd.EXPIRED)));
        var events = new ArrayList<LedgerEvent>();

        var end = ledger.events(Cursor.START, events::add);

        assertThat(events.stream().map(LedgerEvent::change))
                .containsExactly(
                        new Change.Issued(ALICE.account(), Amount.of(100), Amount.of(100)),
                        new Change.Issued(ALICE.account(), Amount.of(50), Amount.of(150)),
                        new Change.Deposited(ALICE.account(), Amount.of(60), Amount.of(60)),
                        new Change.JobOpened(jobId(), ALICE.account(), CAROL.account()),
                        new Change.AgreementRecorded(
                                jobId(),
                                agreement(start).digest(domain),
                                ALICE.account(),
                                BOB.account()),
                        new Change.Redeemed(
                                ALICE.account(), BOB.account(), Amount.of(10), Amount.of(10)),
                        new Change.Redeemed(
                                ALICE.account(), CAROL.account(), Amount.of(20), Amount.of(20)),
                        new Change.JobClosed(jobId(), JobEnd.EXPIRED, RESULT, ALICE.account()));
        assertThat(events).isSortedAccordingTo((a, b) -> a.at().compareTo(b.at()));
        assertThat(events.getFirst().time()).isEqualTo(start);
        assertThat(events.getLast().time()).isEqualTo(start.plus(HOUR));
        assertThat(end).isGreaterThan(events.getLast().at());
        assertThat(eventsFrom(end)).isEmpty();
    }

    @Test
    void whoever_goes_on_from_any_event_misses_none_and_sees_none_twice() throws Exception {
        fund(ALICE, 100);
        ledger.redeem(
                List.of(
                        voucher(ALICE, BOB, 10),
                        voucher(ALICE, CAROL, 20),
                        voucher(ALICE, ISSUER, 30)));
        fund(ALICE, 200);
        var all = eventsFrom(Cursor.START);

        assertThat(all).hasSize(7);
        for (int i = 0; i < all.size(); i++) {
            assertThat(eventsFrom(all.get(i).next())).isEqualTo(all.subList(i + 1, all.size()));
            assertThat(eventsFrom(all.get(i).at())).isEqualTo(all.subList(i, all.size()));
        }
    }

    @Test
    void a_reader_that_fails_can_go_on_after_the_last_event_it_kept() throws Exception {
        fund(ALICE, 100);
        fund(BOB, 100);
        var kept = new ArrayList<LedgerEvent>();

        assertThatThrownBy(() ->
                        ledger.events(
                                Cursor.START,
                                event -> {
                                    if (kept.size() == 2) {
                                        throw new IllegalStateException("full");
                                    }
                                    kept.add(event);
                                }))
                .hasMessage("full");
        ledger.events(kept.getLast().next(), kept::add);

        assertThat(kept).isEqualTo(eventsFrom(Cursor.START)).hasSize(4);
    }

    @Test
    void a_cursor_from_beyond_the_end_is_another_ledgers() throws Exception {
        fund(ALICE, 100);
        var beyond = new Cursor(1_000_000, 0);

        assertThatThrownBy(() -> ledger.events(beyond, _ -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is beyond the end");
    }

    // Properties.

    @Test
    void whatever_is_called_no_money_appears_or_is_lost() throws Exception {
        for (int i = 0; i < sequences(); i++) {
            long seed = 1_000_003L * i + 17;
            var clockOfOne = new TestClock();
            try (var one = open(clockOfOne)) {
                new RandomCalls(one, ISSUER, clockOfOne, new SplittableRandom(seed)).run(40);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }
}
