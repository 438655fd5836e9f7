package tensorlink.ledger.file;

import java.util.HashMap;
import java.util.Map;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Rejection;

/**
 * The rules of money that nobody has set aside: who was issued how much, and what accounts own.
 *
 * <p>Invariant: what accounts own and have set aside adds up to {@code supply}, which fits an
 * {@link Amount}; so no sum anywhere in the state can overflow.
 */
final class Credits {
    private final Account issuer;
    final Map<Account, Amount> issued = new HashMap<>();
    final Map<Account, Amount> owned = new HashMap<>();

    /** What was issued, less what was burned. */
    Amount supply = Amount.ZERO;

    Credits(Account issuer) {
        this.issuer = issuer;
    }

    Decision issue(Entry.Issued asked) {
        var issuance = asked.issuance().message();
        if (!issuance.issuer().equals(issuer)) {
            return Decision.reject(
                    Rejection.NOT_ISSUER,
                    issuance.issuer() + " issues nothing here, " + issuer + " does");
        }
        var before = issued(issuance.account());
        if (!issuance.cumulative().isMoreThan(before)) {
            return Decision.noChange();
        }
        var amount = issuance.cumulative().minus(before);
        var room = Amount.MAX.minus(supply);
        if (amount.isMoreThan(room)) {
            return Decision.reject(
                    Rejection.SUPPLY_EXCEEDED, amount + " more to issue, room for " + room);
        }
        return Decision.accept(new Entry.Issued(asked.issuance(), amount));
    }

    void apply(Issuance issuance, Amount amount) {
        issued.put(issuance.account(), issuance.cumulative());
        add(issuance.account(), amount);
        supply = supply.plus(amount);
    }

    void add(Account account, Amount amount) {
        owned.merge(account, amount, Amount::plus);
    }

    void take(Account account, Amount amount) {
        owned.merge(account, amount, Amount::minus);
    }

    /** What was set aside is gone for good. */
    void burn(Amount amount) {
        supply = supply.minus(amount);
    }

    Amount issued(Account account) {
        return issued.getOrDefault(account, Amount.ZERO);
    }

    Amount of(Account account) {
        return owned.getOrDefault(account, Amount.ZERO);
    }

    /** What {@code account}, of whose money {@code before} is set aside for good, is to add. */
    sealed interface SetAside {
        record Step(Amount amount) implements SetAside {}

        record Not(Decision decision) implements SetAside {}
    }

    /** What it takes that {@code account} has set aside {@code cumulative} in all. */
    SetAside setAside(Account account, Amount before, Amount cumulative, String verb) {
        if (!cumulative.isMoreThan(before)) {
            return new SetAside.Not(Decision.noChange());
        }
        var amount = cumulative.minus(before);
        var available = of(account);
        if (amount.isMoreThan(available)) {
            return new SetAside.Not(
                    Decision.reject(
                            Rejection.INSUFFICIENT_CREDITS,
                            amount + " more to " + verb + ", credits of " + available));
        }
        return new SetAside.Step(amount);
    }
}
