package tensorlink.ledger.file;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.LedgerTerms.Seats;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.RewardStatus;
import tensorlink.ledger.RewardStatus.Posted;
import tensorlink.ledger.RewardTree;

/**
 * The rules of rewards: the pool, the roots that validators post, and the claims.
 *
 * <p>A root names the sum of its leaves, which the pool must hold when it is posted, apart from all
 * deposits and collateral; claims never add up to more, whatever its leaves say.
 */
final class Rewards {
    private final Credits credits;
    private final Collaterals collaterals;
    final Map<Account, Amount> funded = new HashMap<>();
    final Map<Account, Amount> claimed = new HashMap<>();
    Amount pool = Amount.ZERO;
    Amount claimedTotal = Amount.ZERO;
    long lastEpoch;

    /** The newest root but one; it counts while {@code newest} waits. */
    Optional<Posted> active = Optional.empty();

    /** The newest root that was not cancelled: waiting, or counting. */
    Optional<Posted> newest = Optional.empty();

    Rewards(Credits credits, Collaterals collaterals) {
        this.credits = credits;
        this.collaterals = collaterals;
    }

    Decision fund(Entry.Funded asked) {
        var m = asked.funding().message();
        return switch (credits.setAside(m.funder(), funded(m.funder()), m.cumulative(), "fund")) {
            case Credits.SetAside.Not(var decision) -> decision;
            case Credits.SetAside.Step(var amount) ->
                    Decision.accept(new Entry.Funded(asked.funding(), amount));
        };
    }

    void apply(Entry.Funded entry) {
        var m = entry.funding().message();
        credits.take(m.funder(), entry.amount());
        funded.put(m.funder(), m.cumulative());
        pool = pool.plus(entry.amount());
    }

    Decision post(Entry.RootPosted asked, Instant now) {
        var root = asked.root();
        if (newest.isPresent()) {
            if (newest.get().root().equals(root)) {
                return Decision.noChange();
            }
            if (now.isBefore(newest.get().activeFrom())) {
                return Decision.reject(
                        Rejection.ROOT_PENDING,
                        "the root of epoch "
                                + newest.get().root().epoch()
                                + " waits until "
                                + newest.get().activeFrom());
            }
        }
        if (root.epoch() <= lastEpoch) {
            return Decision.reject(
                    Rejection.EPOCH_PASSED,
                    "epoch " + root.epoch() + ", the last was " + lastEpoch);
        }
        var before = newest.map(it -> it.root().total()).orElse(Amount.ZERO);
        if (before.isMoreThan(root.total())) {
            return Decision.reject(
                    Rejection.REWARDS_SHRINK, "total " + root.total() + ", before " + before);
        }
        if (root.total().isMoreThan(claimedTotal)
                && root.total().minus(claimedTotal).isMoreThan(pool)) {
            return Decision.reject(
                    Rejection.REWARD_POOL_EXCEEDED,
                    "total " + root.total() + ", claimed " + claimedTotal + ", pool " + pool);
        }
        int validators = collaterals.count();
        if (validators < Policy.VALIDATORS_MIN) {
            return Decision.reject(
                    Rejection.TOO_FEW_VALIDATORS,
                    validators + " validators, at least " + Policy.VALIDATORS_MIN);
        }
        return collaterals
                .shortOf(Seats.quorum(validators), asked.quorum())
                .orElseGet(() -> Decision.accept(asked));
    }

    void apply(Entry.RootPosted entry) {
        if (newest.isPresent()) {
            active = newest;
        }
        newest = Optional.of(new Posted(entry.root(), entry.activeFrom()));
        lastEpoch = entry.root().epoch();
    }

    Decision cancel(Entry.RootCancelled asked, Instant now) {
        long epoch = asked.cancel().epoch();
        if (newest.isEmpty() || newest.get().root().epoch() != epoch) {
            return Decision.reject(Rejection.ROOT_UNKNOWN, "no root of epoch " + epoch + " waits");
        }
        if (!now.isBefore(newest.get().activeFrom())) {
            return Decision.reject(
                    Rejection.ROOT_ACTIVE, "it counts since " + newest.get().activeFrom());
        }
        return collaterals
                .shortOf(Seats.veto(collaterals.count()), asked.veto())
                .orElseGet(() -> Decision.accept(asked));
    }

    void applyCancel() {
        newest = active;
    }

    Decision claim(Entry.Claimed asked, Instant now) {
        var before = claimed(asked.account());
        if (!asked.total().isMoreThan(before)) {
            return Decision.noChange();
        }
        var root = status(now).active().map(Posted::root);
        if (root.isEmpty()
                || !RewardTree.proves(
                        asked.account(), asked.total(), asked.proof(), root.get().root())) {
            return Decision.reject(
                    Rejection.INVALID_PROOF,
                    "it does not prove that " + asked.account() + " earned " + asked.total());
        }
        var amount = asked.total().minus(before);
        var left =
                root.get().total().isMoreThan(claimedTotal)
                        ? root.get().total().minus(claimedTotal)
                        : Amount.ZERO;
        if (amount.isMoreThan(left)) {
            return Decision.reject(
                    Rejection.REWARDS_EXCEED_TOTAL,
                    amount + " more to claim, of the root's total " + left + " is left");
        }
        return Decision.pay(
                new Entry.Claimed(asked.account(), asked.total(), asked.proof(), amount), amount);
    }

    void apply(Entry.Claimed entry) {
        claimed.put(entry.account(), entry.total());
        claimedTotal = claimedTotal.plus(entry.amount());
        pool = pool.minus(entry.amount());
        credits.add(entry.account(), entry.amount());
    }

    RewardStatus status(Instant now) {
        boolean waits = newest.isPresent() && now.isBefore(newest.get().activeFrom());
        return new RewardStatus(
                pool,
                claimedTotal,
                lastEpoch,
                waits ? active : newest,
                waits ? newest : Optional.empty());
    }

    Amount claimed(Account account) {
        return claimed.getOrDefault(account, Amount.ZERO);
    }

    Amount funded(Account funder) {
        return funded.getOrDefault(funder, Amount.ZERO);
    }
}
