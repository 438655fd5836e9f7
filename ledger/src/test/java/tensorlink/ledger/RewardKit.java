package tensorlink.ledger;

import java.util.Map;

/** What contracts about rewards need besides: a pool, trees of two accounts, and claims. */
abstract class RewardKit extends LedgerKit<FullLedger> {

    final void fillPool(long cumulative) throws Exception {
        ledger.issue(issuance(ISSUER, cumulative));
        ledger.fund(ISSUER.sign(domain, new Funding(ISSUER.account(), Amount.of(cumulative))));
    }

    final Outcome claim(RewardTree tree, AccountKey key) throws Exception {
        var account = key.account();
        return ledger.claim(account, tree.total(account), tree.proof(account));
    }

    static RewardTree earned(long alice, long bob) {
        return RewardTree.of(
                Map.of(ALICE.account(), Amount.of(alice), BOB.account(), Amount.of(bob)));
    }
}
