package tensorlink.node;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.message.LedgerAnswer;
import tensorlink.jobs.message.LedgerQuestion;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Party;
import tensorlink.jobs.worker.Worker;
import tensorlink.ledger.Account;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;

/** Brings a worker's vouchers to a validator that keeps the ledger. */
final class LedgerCashier implements Worker.Cashier {
    private static final int VALIDATORS_ASKED_MAX = 4;

    private final Asker asker;
    private final Party party;
    private final Directory directory;

    LedgerCashier(Party party, Directory directory) {
        this.asker = new Asker(party);
        this.party = party;
        this.directory = directory;
    }

    /** What the network's ledger says of an account. */
    LedgerAnswer.Statement statement(Account account, Duration patience)
            throws IOException, InterruptedException {
        IOException last = nobody("not asked");
        for (var validator : directory.find(Directory.Role.VALIDATOR, VALIDATORS_ASKED_MAX)) {
            try {
                party.host().peers().add(validator);
                return asker.askLedger(
                        validator.id(),
                        new LedgerQuestion.OfAccount(account),
                        patience,
                        LedgerAnswer.Statement.class);
            } catch (IOException elsewhere) {
                last = elsewhere;
            }
        }
        throw last;
    }

    private static boolean isNobody(IOException last) {
        return last instanceof JobException none && none.code() == ProblemCode.NO_VALIDATOR;
    }

    private static JobException nobody(String what) {
        return new JobException(ProblemCode.NO_VALIDATOR, what, "no validator is known", "");
    }

    @Override
    public void redeem(List<Signed<Voucher>> vouchers, Duration patience)
            throws IOException, InterruptedException {
        IOException last = nobody("not redeemed");
        for (var validator : directory.find(Directory.Role.VALIDATOR, VALIDATORS_ASKED_MAX)) {
            try {
                party.host().peers().add(validator);
                var came =
                        asker.askLedger(
                                validator.id(),
                                new LedgerQuestion.Redeem(vouchers),
                                patience,
                                LedgerAnswer.Came.class);
                if (came.outcome() instanceof Outcome.Rejected(var code, var message)) {
                    throw new JobException(
                            ProblemCode.PAYMENT,
                            "not redeemed",
                            code.errorName() + ": " + message,
                            "");
                }
                return;
            } catch (JobException refused) {
                // That one keeps no ledger says less than what one that keeps it does.
                boolean says = refused.code() != ProblemCode.NO_LEDGER;
                last = says || isNobody(last) ? refused : last;
            } catch (IOException elsewhere) {
                last = elsewhere;
            }
        }
        throw last;
    }
}
