package tensorlink.ledger;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import tensorlink.ledger.LedgerEvent.Change;

/** The books of somebody who only reads a ledger's events: they must agree with the ledger's. */
final class EventBooks {
    private final Map<Account, BigInteger> credits = new HashMap<>();
    private final Map<Account, BigInteger> balances = new HashMap<>();
    private BigInteger burned = BigInteger.ZERO;

    static EventBooks of(Ledger ledger) throws LedgerException, InterruptedException {
        var books = new EventBooks();
        ledger.events(Cursor.START, event -> books.enter(event.change(), BigInteger.ONE));
        return books;
    }

    BigInteger credits(Account account) {
        return credits.getOrDefault(account, BigInteger.ZERO);
    }

    BigInteger balance(Account payer) {
        return balances.getOrDefault(payer, BigInteger.ZERO);
    }

    BigInteger burned() {
        return burned;
    }

    private void enter(Change change, BigInteger sign) {
        switch (change) {
            case Change.Issued(var account, var amount, var _) -> credit(account, amount, sign);
            case Change.Deposited(var payer, var amount, var _) -> {
                credit(payer, amount, sign.negate());
                deposit(payer, amount, sign);
            }
            case Change.Redeemed(var payer, var payee, var amount, var _) ->
                    pay(payer, payee, amount, sign);
            case Change.Judged(var _, var payer, var payee, var amount, var _) ->
                    pay(payer, payee, amount, sign);
            case Change.Withdrawn(var payer, var amount) -> {
                deposit(payer, amount, sign.negate());
                credit(payer, amount, sign);
            }
            case Change.Staked(var validator, var amount, var _) ->
                    credit(validator, amount, sign.negate());
            case Change.Unstaked(var validator, var amount) -> credit(validator, amount, sign);
            case Change.Slashed(var _, var reporter, var gone, var reported) -> {
                credit(reporter, reported, sign);
                burned = burned.add(gone.value().multiply(sign));
            }
            case Change.Funded(var funder, var amount, var _) ->
                    credit(funder, amount, sign.negate());
            case Change.Claimed(var account, var amount, var _) -> credit(account, amount, sign);
            case Change.Retracted(var undone) -> enter(undone, sign.negate());
            case Change.JobOpened _,
                    Change.AgreementRecorded _,
                    Change.JobClosed _,
                    Change.WithdrawalNoticed _,
                    Change.Locked _,
                    Change.Unlocked _,
                    Change.UnstakeNoticed _,
                    Change.ValidatorJoined _,
                    Change.ValidatorLeft _,
                    Change.PeerAnnounced _,
                    Change.RootPosted _,
                    Change.RootCancelled _,
                    Change.Disputed _ -> {}
        }
    }

    private void pay(Account payer, Account payee, Amount amount, BigInteger sign) {
        deposit(payer, amount, sign.negate());
        credit(payee, amount, sign);
    }

    private void credit(Account account, Amount amount, BigInteger sign) {
        credits.merge(account, amount.value().multiply(sign), BigInteger::add);
    }

    private void deposit(Account payer, Amount amount, BigInteger sign) {
        balances.merge(payer, amount.value().multiply(sign), BigInteger::add);
    }
}
