package tensorlink.jobs.user;

import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.JobId;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Signed;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;

/**
 * What the user counts and pays of one stage. A receipt is paid only up to what the user itself has
 * asked of the stage, and never beyond the agreement. Safe for use by any thread.
 */
public final class StageAccount {
    private static final Duration VOUCHER_LIFETIME = Duration.ofDays(30);

    private final Party party;
    private final Purse purse;
    private final Agreement agreement;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Note note;
    private long asked;
    private long receipted;
    private Amount paid = Amount.ZERO;
    private @Nullable Signed<UsageReceipt> last;

    public StageAccount(Party party, Purse purse, Agreement agreement) {
        this.party = party;
        this.purse = purse;
        this.agreement = agreement;
    }

    /** Where it is noted what is asked of which stage. */
    private record Note(Tab tab, int stage) {}

    /** Keeps from now on what a process that follows on this one has to know. */
    void keep(Tab tab, int stage) throws IOException {
        lock.lock();
        try {
            tab.asked(stage, asked);
            note = new Note(tab, stage);
        } finally {
            lock.unlock();
        }
    }

    /** Goes on where an earlier process kept it. */
    void takeUp(Tab tab, int stage) throws IOException {
        lock.lock();
        try {
            asked = tab.asked(stage);
            paid = purse.promised(new JobId(agreement.jobId()), agreement.payee());
            note = new Note(tab, stage);
        } finally {
            lock.unlock();
        }
    }

    /** Counts work that the user asks of the stage, in usage units. */
    void ask(long units) throws JobException {
        lock.lock();
        try {
            asked += units;
            if (note != null) {
                note.tab.asked(note.stage, asked);
            }
        } catch (IOException unwritten) {
            throw new JobException(
                    new Problem(
                            ProblemCode.RECORD,
                            "work is not asked for",
                            "what is asked cannot be kept: " + unwritten.getMessage(),
                            "check the disk that holds what is kept of the training"),
                    unwritten);
        } finally {
            lock.unlock();
        }
    }

    /** The units the worker has given receipts for. */
    public long receipted() {
        lock.lock();
        try {
            return receipted;
        } finally {
            lock.unlock();
        }
    }

    /** The last receipt that was acceptable. */
    public Optional<Signed<UsageReceipt>> lastReceipt() {
        lock.lock();
        try {
            return Optional.ofNullable(last);
        } finally {
            lock.unlock();
        }
    }

    /** What has been promised for this job. */
    public Amount paid() {
        lock.lock();
        try {
            return paid;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Judges a receipt and makes the voucher that answers it; empty when nothing more is owed.
     *
     * @throws JobException when the receipt is not the worker's, or claims work not asked for
     */
    Optional<Signed<Voucher>> pay(Signed<UsageReceipt> receipt) throws IOException {
        var message = receipt.message();
        if (!message.jobId().equals(agreement.jobId())
                || !message.payee().equals(agreement.payee())
                || !receipt.isAuthentic(party.domain())) {
            throw unpaid("the receipt is not this worker's for this job");
        }
        lock.lock();
        try {
            if (message.units() > asked) {
                throw unpaid(
                        "the receipt claims " + message.units() + " units, asked were " + asked);
            }
            if (message.units() <= receipted) {
                return Optional.empty();
            }
            receipted = message.units();
            last = receipt;
            var due = agreement.priceOf(receipted);
            if (!due.isMoreThan(paid)) {
                return Optional.empty();
            }
            var kept = Optional.ofNullable(note).map(_ -> new JobId(agreement.jobId()));
            var cumulative = purse.promise(agreement.payee(), due.minus(paid), kept);
            paid = due;
            var voucher =
                    new Voucher(
                            agreement.payer(),
                            agreement.payee(),
                            cumulative,
                            party.scheduler()
                                    .now()
                                    .plus(VOUCHER_LIFETIME)
                                    .truncatedTo(ChronoUnit.SECONDS),
                            Bytes32.keccak(receipt.encode()));
            return Optional.of(party.account().sign(party.domain(), voucher));
        } finally {
            lock.unlock();
        }
    }

    private static JobException unpaid(String why) {
        return new JobException(
                ProblemCode.PAYMENT, "a receipt is not paid", why, "do not use this worker again");
    }
}
