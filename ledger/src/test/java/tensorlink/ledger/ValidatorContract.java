package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;

/** What every {@link Ledger} must do on which validators put up collateral. */
public abstract class ValidatorContract extends LedgerKit<FullLedger> {
    private static final ByteString WHERE = ByteString.copyFromUtf8("where the node is");

    private Amount least() {
        return ledger.info().seats().stakeMin();
    }

    private Duration delay() {
        return ledger.info().periods().unstaking();
    }

    private void issue(AccountKey to, Amount cumulative) throws Exception {
        var m = new Issuance(ISSUER.account(), to.account(), cumulative);
        ledger.issue(ISSUER.sign(domain, m));
    }

    private Outcome stake(AccountKey validator, Amount cumulative) throws Exception {
        issue(validator, cumulative);
        return ledger.stake(validator.sign(domain, new Stake(validator.account(), cumulative)));
    }

    private Signed<Unstake> unstake(AccountKey validator, Amount cumulative) {
        return validator.sign(domain, new Unstake(validator.account(), cumulative));
    }

    private Signed<PeerRecord> record(AccountKey validator, ByteString record, long serial) {
        return validator.sign(domain, new PeerRecord(validator.account(), record, serial));
    }

    private Equivocation.Roots lie(AccountKey validator, long epoch) {
        var one = new RewardRoot(epoch, SPEC, Amount.of(1), SALT);
        var other = new RewardRoot(epoch, SPEC, Amount.of(2), SALT);
        return new Equivocation.Roots(
                validator.account(),
                one,
                validator.sign(one.digest(domain)),
                other,
                validator.sign(other.digest(domain)));
    }

    @Test
    void whoever_puts_up_enough_validates() throws Exception {
        var almost = least().minus(Amount.of(1));

        assertThat(stake(ALICE, almost)).isEqualTo(new Recorded());
        assertThat(ledger.validators()).isEmpty();
        assertThat(stake(ALICE, least())).isEqualTo(new Recorded());
        assertThat(stake(ALICE, least())).isEqualTo(new NoChange());
        stake(BOB, least());

        assertThat(ledger.validators()).containsExactlyInAnyOrder(ALICE.account(), BOB.account());
        assertThat(ledger.registration(ALICE.account()).validates()).isTrue();
        assertThat(ledger.registration(ALICE.account()).collateral()).isEqualTo(least());
        assertThat(ledger.registration(CAROL.account())).isEqualTo(Registration.NONE);
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.ZERO);
    }

    @Test
    void collateral_takes_no_more_than_the_credits() throws Exception {
        issue(ALICE, least());
        var more = new Stake(ALICE.account(), least().plus(Amount.of(1)));

        rejects(Rejection.INSUFFICIENT_CREDITS, () -> ledger.stake(ALICE.sign(domain, more)));
    }

    @Test
    void collateral_that_is_to_leave_counts_no_more_and_leaves_after_its_delay() throws Exception {
        stake(ALICE, least());

        assertThat(ledger.noticeUnstake(unstake(ALICE, Amount.of(1)))).isEqualTo(new Recorded());
        assertThat(ledger.validators()).isEmpty();
        clock.advance(delay().minus(SECOND));
        rejects(Rejection.NOTICE_RUNNING, () -> ledger.unstake(ALICE.account()));
        clock.advance(SECOND);

        assertThat(ledger.unstake(ALICE.account())).isEqualTo(new Paid(Amount.of(1)));
        assertThat(ledger.unstake(ALICE.account())).isEqualTo(new NoChange());
        assertThat(ledger.noticeUnstake(unstake(ALICE, Amount.of(1)))).isEqualTo(new NoChange());
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(1));
        assertThat(ledger.registration(ALICE.account()).collateral())
                .isEqualTo(least().minus(Amount.of(1)));
    }

    @Test
    void all_collateral_comes_back_to_a_validator_that_leaves() throws Exception {
        stake(ALICE, least());
        ledger.noticeUnstake(unstake(ALICE, least()));
        clock.advance(delay());

        var back = ledger.unstake(ALICE.account());

        assertThat(back).isEqualTo(new Paid(least()));
        assertThat(ledger.credits(ALICE.account())).isEqualTo(least());
    }

    @Test
    void a_validator_says_where_its_node_is() throws Exception {
        rejects(Rejection.NOT_VALIDATOR, () -> ledger.announce(record(ALICE, WHERE, 1)));
        stake(ALICE, least());

        assertThat(ledger.announce(record(ALICE, WHERE, 1))).isEqualTo(new Recorded());
        assertThat(ledger.announce(record(ALICE, WHERE, 1))).isEqualTo(new NoChange());
        assertThat(ledger.announce(record(ALICE, ByteString.EMPTY, 1))).isEqualTo(new NoChange());
        assertThat(ledger.registration(ALICE.account()).peerRecord()).isEqualTo(WHERE);
        ledger.noticeUnstake(unstake(ALICE, least()));
        assertThat(ledger.registration(ALICE.account()).peerRecord()).isEmpty();
    }

    @Test
    void a_peer_record_has_a_limit() throws Exception {
        stake(ALICE, least());
        var most = ByteString.copyFrom(new byte[PeerRecord.RECORD_BYTES_MAX]);
        var tooMuch = ByteString.copyFrom(new byte[PeerRecord.RECORD_BYTES_MAX + 1]);

        rejects(Rejection.RECORD_TOO_LARGE, () -> ledger.announce(record(ALICE, tooMuch, 1)));
        assertThat(ledger.announce(record(ALICE, most, 1))).isEqualTo(new Recorded());
    }

    @Test
    void a_validator_that_signs_two_roots_for_one_epoch_loses_all_and_is_barred() throws Exception {
        stake(ALICE, least());
        ledger.noticeUnstake(unstake(ALICE, Amount.of(7)));
        var share =
                new Amount(
                        least().value().multiply(BigInteger.TEN).divide(BigInteger.valueOf(100)));

        assertThat(ledger.slash(lie(ALICE, 5), BOB.account())).isEqualTo(new Paid(share));

        assertThat(ledger.credits(BOB.account())).isEqualTo(share);
        assertThat(ledger.registration(ALICE.account()).collateral()).isEqualTo(Amount.ZERO);
        assertThat(ledger.registration(ALICE.account()).slashed()).isTrue();
        clock.advance(delay());
        assertThat(ledger.unstake(ALICE.account())).isEqualTo(new NoChange());
        rejects(Rejection.NOT_VALIDATOR, () -> ledger.slash(lie(ALICE, 6), BOB.account()));
        issue(ALICE, least().plus(least()));
        var again = new Stake(ALICE.account(), least().plus(least()));
        rejects(Rejection.NOT_VALIDATOR, () -> ledger.stake(ALICE.sign(domain, again)));
    }

    @Test
    void only_two_signed_roots_of_one_epoch_are_proof() throws Exception {
        stake(ALICE, least());
        stake(BOB, least());
        var lie = lie(ALICE, 5);
        var later = lie(ALICE, 6);
        var sameTwice =
                new Equivocation.Roots(
                        ALICE.account(),
                        lie.one(),
                        lie.oneSignature(),
                        lie.one(),
                        lie.oneSignature());
        var twoEpochs =
                new Equivocation.Roots(
                        ALICE.account(),
                        lie.one(),
                        lie.oneSignature(),
                        later.other(),
                        later.otherSignature());
        var notBobs =
                new Equivocation.Roots(
                        BOB.account(),
                        lie.one(),
                        lie.oneSignature(),
                        lie.other(),
                        lie.otherSignature());
        var halfForged =
                new Equivocation.Roots(
                        ALICE.account(),
                        lie.one(),
                        lie.oneSignature(),
                        lie.other(),
                        lie.oneSignature());

        rejects(Rejection.NO_EQUIVOCATION, () -> ledger.slash(sameTwice, BOB.account()));
        rejects(Rejection.NO_EQUIVOCATION, () -> ledger.slash(twoEpochs, BOB.account()));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.slash(notBobs, ALICE.account()));
        rejects(Rejection.BAD_SIGNATURE, () -> ledger.slash(halfForged, BOB.account()));
    }

    @Test
    void each_field_of_a_validators_messages_is_under_its_signature() throws Exception {
        issue(ALICE, least().plus(least()));
        var stake = ALICE.sign(domain, new Stake(ALICE.account(), least()));
        rejectsMutations(stake, 2, forged -> ledger.stake(forged));
        ledger.stake(stake);
        var record = record(ALICE, WHERE, 5);
        var unstake = unstake(ALICE, Amount.of(10));

        rejectsMutations(record, 3, forged -> ledger.announce(forged));
        rejectsMutations(unstake, 2, forged -> ledger.noticeUnstake(forged));

        assertThat(ledger.announce(record)).isEqualTo(new Recorded());
        assertThat(ledger.noticeUnstake(unstake)).isEqualTo(new Recorded());
    }

    @Test
    void events_tell_who_joins_leaves_and_is_slashed() throws Exception {
        issue(ALICE, least());
        issue(BOB, least());
        var from = ledger.events(Cursor.START, _ -> {});
        stake(ALICE, least());
        ledger.announce(record(ALICE, WHERE, 3));
        var ends = clock.instant().plus(delay());
        ledger.noticeUnstake(unstake(ALICE, least()));
        clock.advance(delay());
        ledger.unstake(ALICE.account());
        stake(BOB, least());
        ledger.slash(lie(BOB, 1), CAROL.account());
        var share = ledger.credits(CAROL.account());

        assertThat(eventsFrom(from))
                .extracting(LedgerEvent::change)
                .isEqualTo(
                        List.of(
                                new Change.Staked(ALICE.account(), least(), least()),
                                new Change.ValidatorJoined(ALICE.account()),
                                new Change.PeerAnnounced(ALICE.account(), 3, WHERE),
                                new Change.UnstakeNoticed(ALICE.account(), least(), ends),
                                new Change.ValidatorLeft(ALICE.account()),
                                new Change.Unstaked(ALICE.account(), least()),
                                new Change.Staked(BOB.account(), least(), least()),
                                new Change.ValidatorJoined(BOB.account()),
                                new Change.Slashed(
                                        BOB.account(),
                                        CAROL.account(),
                                        least().minus(share),
                                        share),
                                new Change.ValidatorLeft(BOB.account())));
    }
}
