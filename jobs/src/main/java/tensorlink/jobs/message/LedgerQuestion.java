package tensorlink.jobs.message;

import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;

/** What a node without a ledger of its own asks a validator that keeps one. */
public sealed interface LedgerQuestion {

    /** What does {@code account} have? */
    record OfAccount(Account account) implements LedgerQuestion {}

    /** How much have {@code payer}'s vouchers paid to {@code payee}? */
    record OfPair(Account payer, Account payee) implements LedgerQuestion {}

    /** Please issue {@code account} the credit that newcomers get on this network. */
    record Grant(Account account) implements LedgerQuestion {}

    /** Please move credits to the payer's deposit. */
    record MakeDeposit(Signed<Deposit> deposit) implements LedgerQuestion {}

    /** Please pay these. */
    record Redeem(List<Signed<Voucher>> vouchers) implements LedgerQuestion {
        public Redeem {
            vouchers = List.copyOf(vouchers);
        }
    }
}
