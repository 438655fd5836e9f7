package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;

/**
 * The mistakes that running the Smartnodes contracts has shown, which no {@link Ledger} of ours may
 * share. Two of them are about who may call what, and are in the test of the contract's interface.
 */
public abstract class DefectContract extends RewardKit {
    private static final AccountKey VALIDATOR = key("validator");

    private void validate(AccountKey key) throws Exception {
        var least = ledger.info().seats().stakeMin();
        ledger.issue(ISSUER.sign(domain, new Issuance(ISSUER.account(), key.account(), least)));
        ledger.stake(key.sign(domain, new Stake(key.account(), least)));
    }

    private Outcome post(RewardRoot root, AccountKey by) throws Exception {
        return post(root, by.sign(root.digest(domain)));
    }

    private Outcome post(RewardRoot root, Signature65 signature) throws Exception {
        return ledger.postRoot(root, List.of(new Endorsement(VALIDATOR.account(), signature)));
    }

    @Test
    void defect_1_a_claim_made_five_times_is_paid_once() throws Exception {
        validate(VALIDATOR);
        fillPool(500);
        var tree = earned(100, 200);
        post(tree.root(1), VALIDATOR);
        clock.advance(ledger.info().periods().activation());

        assertThat(claim(tree, ALICE)).isEqualTo(new Paid(Amount.of(100)));
        for (int i = 1; i < 5; i++) {
            assertThat(claim(tree, ALICE)).isEqualTo(new NoChange());
        }
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(100));
    }

    @Test
    void defect_2_the_total_is_under_the_signatures() throws Exception {
        validate(VALIDATOR);
        fillPool(500);
        var voted = earned(100, 200).root(1);
        var signature = VALIDATOR.sign(voted.digest(domain));
        var lowered = new RewardRoot(1, voted.root(), Amount.of(60), voted.leavesHash());
        var raised = new RewardRoot(1, voted.root(), Amount.of(500), voted.leavesHash());

        rejects(Rejection.BAD_SIGNATURE, () -> post(lowered, signature));
        rejects(Rejection.BAD_SIGNATURE, () -> post(raised, signature));
        assertThat(post(voted, signature)).isEqualTo(new Recorded());
    }

    @Test
    void defect_3_collateral_comes_back_to_whoever_put_it_up() throws Exception {
        validate(VALIDATOR);
        var least = ledger.info().seats().stakeMin();
        ledger.noticeUnstake(VALIDATOR.sign(domain, new Unstake(VALIDATOR.account(), least)));
        clock.advance(ledger.info().periods().unstaking());

        assertThat(ledger.unstake(VALIDATOR.account())).isEqualTo(new Paid(least));
        assertThat(ledger.credits(VALIDATOR.account())).isEqualTo(least);
    }

    @Test
    void defect_5_a_root_that_waits_is_not_wiped_by_another() throws Exception {
        validate(VALIDATOR);
        fillPool(500);
        var first = earned(100, 200);
        post(first.root(1), VALIDATOR);

        rejects(Rejection.ROOT_PENDING, () -> post(earned(200, 200).root(2), VALIDATOR));
        clock.advance(ledger.info().periods().activation());
        assertThat(claim(first, BOB)).isEqualTo(new Paid(Amount.of(200)));
    }

    @Test
    void defect_6_a_payment_of_more_than_80_bits_is_paid_whole() throws Exception {
        var large = new Amount(BigInteger.TWO.pow(80).add(BigInteger.ONE));
        ledger.issue(ISSUER.sign(domain, new Issuance(ISSUER.account(), ALICE.account(), large)));
        ledger.deposit(ALICE.sign(domain, new Deposit(ALICE.account(), large)));

        var paid = ledger.redeem(List.of(voucher(ALICE, BOB, large, clock.instant().plus(HOUR))));

        assertThat(paid).isEqualTo(new Paid(large));
        assertThat(ledger.credits(BOB.account())).isEqualTo(large);
        assertThat(ledger.balance(ALICE.account())).isEqualTo(Amount.ZERO);
    }

    @Test
    void defect_7_what_a_payee_gets_is_what_its_payer_loses_and_nothing_is_made() throws Exception {
        fund(ALICE, 1_000);

        ledger.redeem(List.of(voucher(ALICE, BOB, 1_000)));

        assertThat(wealth(ALICE)).isEqualTo(Amount.ZERO);
        assertThat(wealth(BOB)).isEqualTo(Amount.of(1_000));
        assertThat(ledger.issued(ALICE.account()).plus(ledger.issued(BOB.account())))
                .isEqualTo(Amount.of(1_000));
    }

    @Test
    void defect_9_a_deposit_comes_back_and_strangers_close_no_job() throws Exception {
        fund(ALICE, 100);
        ledger.openJob(ALICE.sign(domain, opening()));

        rejects(
                Rejection.NOT_JOB_PARTY,
                () -> ledger.closeJob(BOB.sign(domain, closing(BOB, JobEnd.COMPLETED))));
        ledger.closeJob(ALICE.sign(domain, closing(ALICE, JobEnd.CANCELLED)));
        ledger.noticeWithdrawal(
                ALICE.sign(domain, new Withdrawal(ALICE.account(), Amount.of(100))));
        clock.advance(ledger.info().periods().withdrawal());
        assertThat(ledger.withdraw(ALICE.account())).isEqualTo(new Paid(Amount.of(100)));
    }
}
