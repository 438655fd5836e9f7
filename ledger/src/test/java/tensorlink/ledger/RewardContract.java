package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Outcome.NoChange;
import tensorlink.ledger.Outcome.Paid;
import tensorlink.ledger.Outcome.Recorded;
import tensorlink.ledger.Outcome.Rejected;
import tensorlink.ledger.RewardStatus.Posted;

/** What every {@link Ledger} must do on which validators post what was earned. */
public abstract class RewardContract extends RewardKit {
    private static final List<AccountKey> VALIDATORS =
            List.of(key("first"), key("second"), key("third"), key("fourth"));

    private Duration delay() {
        return ledger.info().periods().activation();
    }

    private void validate(List<AccountKey> keys) throws Exception {
        var least = ledger.info().seats().stakeMin();
        for (var key : keys) {
            var issuance = new Issuance(ISSUER.account(), key.account(), least);
            ledger.issue(ISSUER.sign(domain, issuance));
            ledger.stake(key.sign(domain, new Stake(key.account(), least)));
        }
    }

    private Signed<Funding> funding(long cumulative) {
        return ISSUER.sign(domain, new Funding(ISSUER.account(), Amount.of(cumulative)));
    }

    private List<Endorsement> by(List<AccountKey> keys, Bytes32 digest) {
        return keys.stream().map(key -> new Endorsement(key.account(), key.sign(digest))).toList();
    }

    private Outcome post(RewardRoot root, List<AccountKey> keys) throws Exception {
        return ledger.postRoot(root, by(keys, root.digest(domain)));
    }

    private Outcome cancel(long epoch, List<AccountKey> keys) throws Exception {
        var cancel = new RootCancel(epoch);
        return ledger.cancelRoot(cancel, by(keys, cancel.digest(domain)));
    }

    @Test
    void what_was_earned_is_claimed_when_its_root_counts() throws Exception {
        validate(VALIDATORS);
        fillPool(100);
        var tree = earned(30, 50);

        assertThat(post(tree.root(1), VALIDATORS.subList(0, 3))).isEqualTo(new Recorded());
        clock.advance(delay().minus(SECOND));
        rejects(Rejection.INVALID_PROOF, () -> claim(tree, ALICE));
        clock.advance(SECOND);

        assertThat(claim(tree, ALICE)).isEqualTo(new Paid(Amount.of(30)));
        assertThat(claim(tree, ALICE)).isEqualTo(new NoChange());
        assertThat(claim(tree, BOB)).isEqualTo(new Paid(Amount.of(50)));
        assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(30));
        assertThat(ledger.claimed(BOB.account())).isEqualTo(Amount.of(50));
        assertThat(ledger.rewards().pool()).isEqualTo(Amount.of(20));
        assertThat(ledger.rewards().claimed()).isEqualTo(Amount.of(80));
    }

    @Test
    void a_newer_root_pays_what_it_adds_and_a_missed_one_loses_nothing() throws Exception {
        validate(VALIDATORS.subList(0, 1));
        fillPool(100);
        var first = earned(10, 20);
        var second = earned(30, 20);
        post(first.root(1), VALIDATORS.subList(0, 1));
        clock.advance(delay());
        claim(first, ALICE);
        post(second.root(4), VALIDATORS.subList(0, 1));
        clock.advance(delay());

        assertThat(claim(second, ALICE)).isEqualTo(new Paid(Amount.of(20)));
        assertThat(claim(second, BOB)).isEqualTo(new Paid(Amount.of(20)));
        assertThat(claim(first, ALICE)).isEqualTo(new NoChange());
    }

    @Test
    void the_root_before_counts_while_a_new_one_waits() throws Exception {
        validate(VALIDATORS.subList(0, 1));
        fillPool(100);
        var first = earned(10, 20);
        var second = earned(30, 40);
        post(first.root(1), VALIDATORS.subList(0, 1));
        clock.advance(delay());
        post(second.root(2), VALIDATORS.subList(0, 1));

        assertThat(claim(first, ALICE)).isEqualTo(new Paid(Amount.of(10)));
        rejects(Rejection.INVALID_PROOF, () -> claim(second, BOB));
        var status = ledger.rewards();
        assertThat(status.active().map(Posted::root)).contains(first.root(1));
        assertThat(status.pending())
                .contains(new Posted(second.root(2), clock.instant().plus(delay())));
        assertThat(status.lastEpoch()).isEqualTo(2);
    }

    @Test
    void a_root_takes_more_than_two_thirds_of_the_validators() throws Exception {
        var root = earned(1, 2).root(1);
        fillPool(100);
        rejects(Rejection.TOO_FEW_VALIDATORS, () -> post(root, VALIDATORS));
        validate(VALIDATORS);
        var first = VALIDATORS.get(0);
        var stranger = new ArrayList<>(VALIDATORS.subList(0, 2));
        stranger.add(ALICE);

        rejects(Rejection.QUORUM_MISSING, () -> post(root, List.of()));
        rejects(Rejection.QUORUM_MISSING, () -> post(root, VALIDATORS.subList(0, 2)));
        rejects(Rejection.BAD_SIGNATURE, () -> post(root, stranger));
        rejects(
                Rejection.BAD_SIGNATURE,
                () -> post(root, List.of(first, VALIDATORS.get(1), first)));
        assertThat(post(root, VALIDATORS.subList(1, 4).reversed())).isEqualTo(new Recorded());
    }

    @Test
    void each_field_of_a_root_is_under_the_signatures() throws Exception {
        validate(VALIDATORS.subList(0, 1));
        fillPool(100);
        var root = earned(30, 50).root(5);
        var signed = by(VALIDATORS.subList(0, 1), root.digest(domain));
        var mutations = Mutations.of(root);
        var before = snapshot();

        for (var field : mutations.entrySet()) {
            assertThat(field.getValue()).as(field.getKey()).isNotEmpty();
            for (var mutation : field.getValue()) {
                assertThat(ledger.postRoot(mutation, signed))
                        .as(field.getKey())
                        .isInstanceOf(Rejected.class);
            }
        }

        assertThat(mutations).hasSize(4);
        assertThat(snapshot()).isEqualTo(before);
        assertThat(ledger.postRoot(root, signed)).isEqualTo(new Recorded());
    }

    @Test
    void a_root_of_another_domain_is_refused() throws Exception {
        validate(VALIDATORS.subList(0, 1));
        fillPool(100);
        var root = earned(30, 50).root(5);
        var elsewhere = root.digest(Domain.privateNetwork("another"));

        rejects(
                Rejection.BAD_SIGNATURE,
                () -> ledger.postRoot(root, by(VALIDATORS.subList(0, 1), elsewhere)));
    }

    @Test
    void a_root_promises_no_more_than_the_pool_holds_apart_from_deposits() throws Exception {
        validate(VALIDATORS.subList(0, 1));
        fillPool(80);
        fund(CAROL, 1_000);

        rejects(
                Rejection.REWARD_POOL_EXCEEDED,
                () -> post(earned(30, 51).root(1), VALIDATORS.subList(0, 1)));
        var all = earned(30, 50);
        assertThat(post(all.root(1), VALIDATORS.subList(0, 1))).isEqualTo(new Recorded());
        clock.advance(delay());
        claim(all, ALICE);
        rejects(
                Rejection.REWARD_POOL_EXCEEDED,
                () -> post(earned(30, 51).root(2), VALIDATORS.subList(0, 1)));
        assertThat(ledger.balance(CAROL.account())).isEqualTo(Amount.of(1_000));
    }

    @Test
    void claims_never_exceed_the_roots_total_whatever_its_leaves_say() throws Exception {
        validate(VALIDATORS.subList(0, 1));
        fillPool(100);
        var tree = earned(30, 50);
        var honest = tree.root(1);
        var lying = new RewardRoot(1, honest.root(), Amount.of(60), honest.leavesHash());
        post(lying, VALIDATORS.subList(0, 1));
        clock.advance(delay());
        claim(tree, BOB);

        rejects(Rejection.REWARDS_EXCEED_TOTAL, () -> claim(tree, ALICE));
        assertThat(ledger.rewards().claimed()).isEqualTo(Amount.of(50));
    }

    @Test
    void roots_come_one_at_a_time_in_order_and_never_shrink() throws Exception {
        var one = VALIDATORS.subList(0, 1);
        validate(one);
        fillPool(100);
        var root = earned(10, 20).root(3);
        post(root, one);

        assertThat(post(root, one)).isEqualTo(new NoChange());
        rejects(Rejection.ROOT_PENDING, () -> post(earned(11, 20).root(4), one));
        clock.advance(delay());
        assertThat(post(root, one)).isEqualTo(new NoChange());
        rejects(Rejection.EPOCH_PASSED, () -> post(earned(11, 20).root(3), one));
        rejects(Rejection.EPOCH_PASSED, () -> post(earned(11, 20).root(2), one));
        rejects(Rejection.REWARDS_SHRINK, () -> post(earned(9, 20).root(4), one));
        assertThat(post(earned(11, 20).root(4), one)).isEqualTo(new Recorded());
    }

    @Test
    void a_root_can_be_taken_back_until_it_counts_by_those_who_could_have_prevented_it()
            throws Exception {
        validate(VALIDATORS);
        fillPool(100);
        var wrong = earned(90, 5);
        post(wrong.root(1), VALIDATORS);

        rejects(Rejection.QUORUM_MISSING, () -> cancel(1, VALIDATORS.subList(0, 1)));
        rejects(Rejection.BAD_SIGNATURE, () -> cancel(1, List.of(ALICE, BOB)));
        rejects(Rejection.ROOT_UNKNOWN, () -> cancel(2, VALIDATORS));
        assertThat(cancel(1, VALIDATORS.subList(2, 4))).isEqualTo(new Recorded());

        clock.advance(delay());
        rejects(Rejection.INVALID_PROOF, () -> claim(wrong, ALICE));
        rejects(Rejection.EPOCH_PASSED, () -> post(wrong.root(1), VALIDATORS));
        assertThat(post(earned(1, 5).root(2), VALIDATORS)).isEqualTo(new Recorded());
        clock.advance(delay());
        rejects(Rejection.ROOT_ACTIVE, () -> cancel(2, VALIDATORS));
    }

    @Test
    void the_root_before_counts_again_when_a_newer_one_is_taken_back() throws Exception {
        var one = VALIDATORS.subList(0, 1);
        validate(one);
        fillPool(100);
        var good = earned(10, 20);
        post(good.root(1), one);
        clock.advance(delay());
        post(earned(90, 5).root(2), one);

        cancel(2, one);
        clock.advance(delay());

        assertThat(claim(good, ALICE)).isEqualTo(new Paid(Amount.of(10)));
    }

    @Test
    void trees_of_any_size_pay_each_leaf_its_own_and_nothing_else() throws Exception {
        var one = VALIDATORS.subList(0, 1);
        validate(one);
        fillPool(10_000_000);
        long epoch = 1;
        var totals = new HashMap<Account, Amount>();
        for (int size : List.of(0, 1, 2, 3, 1_000, 1_001)) {
            while (totals.size() < size) {
                totals.put(key("earner " + totals.size()).account(), Amount.of(size));
            }
            var tree = RewardTree.of(totals);
            assertThat(post(tree.root(epoch++), one)).isEqualTo(new Recorded());
            clock.advance(delay());
            for (int i : List.of(0, 1, 2, 500, 998, 999, 1_000)) {
                if (i < size) {
                    var account = key("earner " + i).account();
                    var total = tree.total(account);
                    var proof = tree.proof(account);
                    rejects(
                            Rejection.INVALID_PROOF,
                            () -> ledger.claim(account, total.plus(Amount.of(1)), proof));
                    rejects(
                            Rejection.INVALID_PROOF,
                            () -> ledger.claim(CAROL.account(), total, proof));
                    ledger.claim(account, total, proof);
                    assertThat(ledger.claimed(account)).isEqualTo(total);
                }
            }
        }
    }

    @Test
    void an_inner_node_is_no_leaf() throws Exception {
        var one = VALIDATORS.subList(0, 1);
        validate(one);
        fillPool(100);
        var tree = earned(30, 50);
        post(tree.root(1), one);
        clock.advance(delay());

        rejects(
                Rejection.INVALID_PROOF,
                () -> ledger.claim(ALICE.account(), Amount.of(30), List.of()));
        rejects(
                Rejection.INVALID_PROOF,
                () -> ledger.claim(ALICE.account(), Amount.of(30), tree.proof(BOB.account())));
    }

    @Test
    void the_pool_is_filled_from_credits_once_for_each_sum() throws Exception {
        ledger.issue(issuance(ISSUER, 100));

        rejects(Rejection.INSUFFICIENT_CREDITS, () -> ledger.fund(funding(101)));
        rejectsMutations(funding(60), 2, forged -> ledger.fund(forged));
        assertThat(ledger.fund(funding(60))).isEqualTo(new Recorded());
        assertThat(ledger.fund(funding(60))).isEqualTo(new NoChange());
        assertThat(ledger.credits(ISSUER.account())).isEqualTo(Amount.of(40));
        assertThat(ledger.funded(ISSUER.account())).isEqualTo(Amount.of(60));
    }

    @Test
    void events_tell_of_the_pool_the_roots_and_the_claims() throws Exception {
        var one = VALIDATORS.subList(0, 1);
        validate(one);
        ledger.issue(issuance(ISSUER, 100));
        var from = ledger.events(Cursor.START, _ -> {});
        ledger.fund(funding(100));
        var tree = earned(30, 50);
        var from1 = clock.instant().plus(delay());
        post(earned(1, 2).root(1), one);
        cancel(1, one);
        post(tree.root(2), one);
        clock.advance(delay());
        claim(tree, BOB);

        assertThat(eventsFrom(from))
                .extracting(LedgerEvent::change)
                .isEqualTo(
                        List.of(
                                new Change.Funded(ISSUER.account(), Amount.of(100), Amount.of(100)),
                                new Change.RootPosted(earned(1, 2).root(1), from1),
                                new Change.RootCancelled(1),
                                new Change.RootPosted(tree.root(2), from1),
                                new Change.Claimed(BOB.account(), Amount.of(50), Amount.of(50))));
    }
}
