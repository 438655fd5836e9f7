package tensorlink.jobs.validator;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.FullLedger;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Purse;

/**
 * The network's ledger as a validator opens it to users and workers.
 *
 * <p>Everything that changes money carries its own signature, so it does not matter who hands it
 * in. Only the credit for newcomers is the validator's own doing: it is the issuer.
 */
public final class Till {
    /** An account costs nothing to make: so many are given credit within the period, no more. */
    static final int NEWCOMERS_MAX = 100;

    static final Duration NEWCOMERS_PERIOD = Duration.ofHours(1);

    private final FullLedger ledger;
    private final AccountKey issuer;
    private final Amount newcomerCredit;
    private final Allowance newcomers;

    /**
     * @param issuer whose key issues the network's credits
     * @param newcomerCredit what every account that asks is issued once; zero for nothing
     */
    public Till(FullLedger ledger, AccountKey issuer, Amount newcomerCredit, InstantSource clock) {
        this.ledger = ledger;
        this.issuer = issuer;
        this.newcomerCredit = newcomerCredit;
        this.newcomers = new Allowance(NEWCOMERS_MAX, NEWCOMERS_PERIOD, clock);
    }

    public FullLedger ledger() {
        return ledger;
    }

    /**
     * Whether each job is written down. On a chain it is not, since that would cost gas for each:
     * user and worker hold what both have signed, and hand it in when they disagree.
     */
    boolean notesJobs() {
        return ledger.info().domain().chainId() == 0;
    }

    /** How {@code account} stands. */
    public LedgerAnswer.Statement statement(Account account)
            throws IOException, InterruptedException {
        return new LedgerAnswer.Statement(
                ledger.credits(account),
                ledger.balance(account),
                ledger.issued(account),
                ledger.deposited(account),
                cover(ledger.purse(account)));
    }

    /** What its owner gave notice of may be gone before a voucher comes. */
    private static Amount cover(Purse purse) {
        var leaving = purse.notice().leaving();
        return leaving.isMoreThan(purse.free()) ? Amount.ZERO : purse.free().minus(leaving);
    }

    LedgerAnswer answer(LedgerQuestion question) throws IOException, InterruptedException {
        return switch (question) {
            case LedgerQuestion.OfAccount(var account) -> statement(account);
            case LedgerQuestion.OfPair(var payer, var payee) ->
                    new LedgerAnswer.Redeemed(ledger.redeemed(payer, payee));
            case LedgerQuestion.Grant(var account) -> grant(account);
            case LedgerQuestion.MakeDeposit(var deposit) ->
                    new LedgerAnswer.Came(ledger.deposit(deposit));
            case LedgerQuestion.Redeem(var vouchers) ->
                    new LedgerAnswer.Came(ledger.redeem(vouchers));
        };
    }

    private LedgerAnswer grant(Account account) throws IOException, InterruptedException {
        if (newcomerCredit.isZero()) {
            throw new JobException(
                    ProblemCode.PAYMENT,
                    "no credit",
                    "this network gives newcomers none",
                    "ask whoever runs it to issue credits to " + account);
        }
        if (!newcomerCredit.isMoreThan(ledger.issued(account))) {
            return new LedgerAnswer.Came(new Outcome.NoChange());
        }
        if (!newcomers.take()) {
            throw new JobException(
                    ProblemCode.PAYMENT,
                    "no credit now",
                    NEWCOMERS_MAX + " accounts were given some within " + NEWCOMERS_PERIOD,
                    "ask again later, or whoever runs the network to issue credits to " + account);
        }
        var terms = ledger.info();
        var issuance = new Issuance(issuer.account(), account, newcomerCredit);
        return new LedgerAnswer.Came(ledger.issue(issuer.sign(terms.domain(), issuance)));
    }
}
