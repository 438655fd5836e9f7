package tensorlink.ledger.file;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import tensorlink.ledger.Account;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Notice;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.PairRecord;
import tensorlink.ledger.Purse;
import tensorlink.ledger.Rejection;

/**
 * The rules of payers' deposits: what comes in, what vouchers pay, what is locked for one payee,
 * and what leaves after a notice.
 *
 * <p>Invariant: the locks of a payer's pairs add up to its purse's {@code locked}, which is never
 * more than its {@code balance}.
 */
final class Deposits {
    private final Credits credits;
    final Map<Account, Purse> purses = new HashMap<>();
    final Map<Pair, PairRecord> pairs = new HashMap<>();

    record Pair(Account payer, Account payee) {}

    Deposits(Credits credits) {
        this.credits = credits;
    }

    Decision deposit(Entry.Deposited asked) {
        var m = asked.deposit().message();
        var before = purse(m.payer()).deposited();
        return switch (credits.setAside(m.payer(), before, m.cumulative(), "deposit")) {
            case Credits.SetAside.Not(var decision) -> decision;
            case Credits.SetAside.Step(var amount) ->
                    Decision.accept(new Entry.Deposited(asked.deposit(), amount));
        };
    }

    void apply(Entry.Deposited entry) {
        var m = entry.deposit().message();
        var purse = purse(m.payer());
        credits.take(m.payer(), entry.amount());
        purses.put(
                m.payer(),
                new Purse(
                        purse.balance().plus(entry.amount()),
                        purse.locked(),
                        m.cumulative(),
                        purse.withdrawn(),
                        purse.notice()));
    }

    Decision notice(Entry.WithdrawalNoticed asked) {
        var m = asked.withdrawal().message();
        var notice = purse(m.payer()).notice();
        if (!m.cumulative().isMoreThan(notice.noticed())) {
            return Decision.noChange();
        }
        return Decision.accept(
                new Entry.WithdrawalNoticed(
                        asked.withdrawal(), Notices.leaving(notice, m.cumulative()), asked.ends()));
    }

    void apply(Entry.WithdrawalNoticed entry) {
        var m = entry.withdrawal().message();
        setNotice(m.payer(), new Notice(m.cumulative(), entry.leaving(), entry.ends()));
    }

    private void setNotice(Account payer, Notice notice) {
        var purse = purse(payer);
        purses.put(
                payer,
                new Purse(
                        purse.balance(),
                        purse.locked(),
                        purse.deposited(),
                        purse.withdrawn(),
                        notice));
    }

    Decision withdraw(Account payer, Instant now) {
        var purse = purse(payer);
        var amount = purse.notice().leaving().min(purse.free());
        if (Notices.runs(purse.notice(), now)) {
            return Notices.running(purse.notice(), now);
        }
        return amount.isZero()
                ? Decision.noChange()
                : Decision.pay(new Entry.Withdrawn(payer, amount), amount);
    }

    void apply(Entry.Withdrawn entry) {
        var purse = purse(entry.payer());
        credits.add(entry.payer(), entry.amount());
        purses.put(
                entry.payer(),
                new Purse(
                        purse.balance().minus(entry.amount()),
                        purse.locked(),
                        purse.deposited(),
                        purse.withdrawn().plus(entry.amount()),
                        Notices.taken(purse.notice())));
    }

    Decision lock(Entry.Locked asked, Instant now) {
        var m = asked.lock().message();
        var pair = pair(m.payer(), m.payee());
        if (!m.until().isAfter(pair.lockedUntil())) {
            return Decision.noChange();
        }
        if (!m.until().isAfter(now)) {
            return Decision.reject(
                    Rejection.LOCK_EXPIRED, "the lock ends at " + m.until() + ", now " + now);
        }
        boolean runs = !now.isAfter(pair.lockedUntil());
        if (runs && pair.locked().isMoreThan(m.amount())) {
            return Decision.reject(
                    Rejection.LOCK_SHRINKS,
                    "locked " + pair.locked() + " until " + pair.lockedUntil());
        }
        var room = purse(m.payer()).free().plus(pair.locked());
        if (m.amount().isMoreThan(room)) {
            return Decision.reject(
                    Rejection.INSUFFICIENT_DEPOSIT,
                    m.amount() + " to lock, of the deposit " + room + " is free");
        }
        return Decision.accept(asked);
    }

    void apply(Entry.Locked entry) {
        var m = entry.lock().message();
        setLock(new Pair(m.payer(), m.payee()), m.amount(), m.until());
    }

    /** Locks {@code amount} in all for a pair. */
    void setLock(Pair of, Amount amount, Instant until) {
        var pair = pair(of);
        var purse = purse(of.payer);
        var locked = purse.locked().minus(pair.locked()).plus(amount);
        pairs.put(of, new PairRecord(pair.redeemed(), amount, until));
        purses.put(of.payer, with(purse, purse.balance(), locked));
    }

    Decision unlock(Account payer, Account payee) {
        var amount = pair(payer, payee).locked();
        return amount.isZero()
                ? Decision.noChange()
                : Decision.accept(new Entry.Unlocked(payer, payee, amount));
    }

    void apply(Entry.Unlocked entry) {
        var pair = new Pair(entry.payer(), entry.payee());
        setLock(pair, Amount.ZERO, pair(pair).lockedUntil());
    }

    Decision settle(Entry.Settled asked) {
        var payments = new ArrayList<Entry.Payment>();
        var after = new HashMap<Pair, PairRecord>();
        var pursesAfter = new HashMap<Account, Purse>();
        for (var payment : asked.payments()) {
            var voucher = payment.voucher().message();
            var of = new Pair(voucher.payer(), voucher.payee());
            var pair = after.getOrDefault(of, pair(of));
            if (!voucher.cumulative().isMoreThan(pair.redeemed())) {
                continue;
            }
            var due = voucher.cumulative().minus(pair.redeemed());
            var purse = pursesAfter.getOrDefault(of.payer, purse(of.payer));
            var cover = purse.free().plus(pair.locked());
            if (due.isMoreThan(cover)) {
                return uncovered(of, due, cover);
            }
            after.put(of, paid(pair, due));
            pursesAfter.put(of.payer, paid(purse, pair, due));
            payments.add(new Entry.Payment(payment.voucher(), due));
        }
        if (payments.isEmpty()) {
            return Decision.noChange();
        }
        var entry = new Entry.Settled(payments);
        return new Decision.Accept(entry, new Outcome.Paid(entry.total()));
    }

    static Decision uncovered(Pair pair, Amount due, Amount cover) {
        return Decision.reject(
                Rejection.INSUFFICIENT_DEPOSIT,
                pair.payer + " owes " + due + ", of its deposit " + cover + " is left");
    }

    void apply(Entry.Settled entry) {
        for (var payment : entry.payments()) {
            var voucher = payment.voucher().message();
            pay(new Pair(voucher.payer(), voucher.payee()), payment.amount());
        }
    }

    /** Moves {@code due} to the payee: what is locked for it first. */
    void pay(Pair of, Amount due) {
        var pair = pair(of);
        purses.put(of.payer, paid(purse(of.payer), pair, due));
        pairs.put(of, paid(pair, due));
        credits.add(of.payee, due);
    }

    private static PairRecord paid(PairRecord pair, Amount due) {
        return new PairRecord(
                pair.redeemed().plus(due),
                pair.locked().minus(due.min(pair.locked())),
                pair.lockedUntil());
    }

    private static Purse paid(Purse purse, PairRecord pair, Amount due) {
        var locked = purse.locked().minus(due.min(pair.locked()));
        return with(purse, purse.balance().minus(due), locked);
    }

    private static Purse with(Purse purse, Amount balance, Amount locked) {
        return new Purse(balance, locked, purse.deposited(), purse.withdrawn(), purse.notice());
    }

    /** What can be paid from {@code pair.payer}'s deposit to {@code pair.payee}. */
    Amount cover(Pair pair) {
        return purse(pair.payer).free().plus(pair(pair).locked());
    }

    Purse purse(Account payer) {
        return purses.getOrDefault(payer, Purse.EMPTY);
    }

    PairRecord pair(Account payer, Account payee) {
        return pair(new Pair(payer, payee));
    }

    PairRecord pair(Pair pair) {
        return pairs.getOrDefault(pair, PairRecord.NONE);
    }
}
