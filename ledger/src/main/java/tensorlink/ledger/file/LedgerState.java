package tensorlink.ledger.file;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.JobRecord;
import tensorlink.ledger.JobRecord.Engagement;
import tensorlink.ledger.JobRecord.Status;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.Voucher;

/**
 * The rules of the private ledger and what they have led to: a pure machine without clock, disk,
 * lock or signature.
 *
 * <p>{@link #decide} says what a request would do and changes nothing; {@link #apply} does it. The
 * log is replayed through the same two, so it cannot hold what the rules would not have let in.
 * Which requests are let in at a given time, and how many, is {@link Policy}'s matter and not
 * replayed.
 *
 * <p>Invariant: the credits and deposits of all accounts add up to what was issued, which fits an
 * {@link Amount}; so no sum below can overflow.
 */
final class LedgerState {
    private final Domain domain;
    private final Account issuer;

    private final Map<Account, Amount> issued = new HashMap<>();
    private final Map<Account, Amount> credits = new HashMap<>();
    private final Map<Account, Amount> deposited = new HashMap<>();
    private final Map<Account, Amount> balances = new HashMap<>();
    private final Map<Pair, Amount> redeemed = new HashMap<>();
    private final Map<Bytes32, JobRecord> jobs = new HashMap<>();
    private final Map<Account, Integer> openJobs = new HashMap<>();
    private Amount supply = Amount.ZERO;

    private record Pair(Account payer, Account payee) {}

    LedgerState(Domain domain, Account issuer) {
        this.domain = domain;
        this.issuer = issuer;
    }

    /** What {@code asked} would do now, provided that its signatures are good. */
    Decision decide(Entry asked) {
        return switch (asked) {
            case Entry.Issued e -> issue(e, e.issuance().message());
            case Entry.Deposited e -> deposit(e, e.deposit().message());
            case Entry.JobOpened e -> openJob(e, e.opening().message());
            case Entry.AgreementRecorded e -> recordAgreement(e, e.agreement().agreement());
            case Entry.JobClosed e -> closeJob(e, e.closing().message());
            case Entry.Settled e -> settle(e);
        };
    }

    private Decision issue(Entry.Issued asked, Issuance issuance) {
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

    private Decision deposit(Entry.Deposited asked, Deposit deposit) {
        var before = deposited(deposit.payer());
        if (!deposit.cumulative().isMoreThan(before)) {
            return Decision.noChange();
        }
        var amount = deposit.cumulative().minus(before);
        var available = credits(deposit.payer());
        if (amount.isMoreThan(available)) {
            return Decision.reject(
                    Rejection.INSUFFICIENT_CREDITS,
                    amount + " more to deposit, credits of " + available);
        }
        return Decision.accept(new Entry.Deposited(asked.deposit(), amount));
    }

    private Decision openJob(Entry.JobOpened asked, JobOpening opening) {
        var job = jobs.get(opening.jobId());
        if (job == null) {
            return Decision.accept(asked);
        }
        return job.notary().equals(opening.notary())
                ? Decision.noChange()
                : Decision.reject(
                        Rejection.JOB_EXISTS, "job " + job.id() + " has notary " + job.notary());
    }

    private Decision recordAgreement(Entry.AgreementRecorded asked, Agreement agreement) {
        var id = JobOpening.jobId(agreement.specHash(), agreement.payer(), agreement.salt());
        if (!agreement.jobId().equals(id)) {
            return Decision.reject(
                    Rejection.JOB_MISMATCH,
                    "the agreement says job " + agreement.jobId() + ", its fields say " + id);
        }
        var job = jobs.get(id);
        if (job == null) {
            return unknown(id);
        }
        if (job.engagements().contains(engagement(agreement))) {
            return Decision.noChange();
        }
        return job.isOpen() ? Decision.accept(asked) : closed(job);
    }

    private Decision closeJob(Entry.JobClosed asked, JobClosing closing) {
        var job = jobs.get(closing.jobId());
        if (job == null) {
            return unknown(closing.jobId());
        }
        if (!closing.closer().equals(job.payer()) && !closing.closer().equals(job.notary())) {
            return Decision.reject(
                    Rejection.NOT_JOB_PARTY,
                    closing.closer() + " is neither payer nor notary of job " + job.id());
        }
        return switch (job.status()) {
            case Status.Open() -> Decision.accept(asked);
            case Status.Closed ended ->
                    ended.end() == closing.end() && ended.resultHash().equals(closing.resultHash())
                            ? Decision.noChange()
                            : closed(job);
        };
    }

    private Decision settle(Entry.Settled asked) {
        var payments = new ArrayList<Entry.Payment>();
        var newlyRedeemed = new HashMap<Pair, Amount>();
        var newBalances = new HashMap<Account, Amount>();
        for (var payment : asked.payments()) {
            var voucher = payment.voucher().message();
            var pair = new Pair(voucher.payer(), voucher.payee());
            var before = newlyRedeemed.getOrDefault(pair, redeemed(pair));
            if (!voucher.cumulative().isMoreThan(before)) {
                continue;
            }
            var due = voucher.cumulative().minus(before);
            var cover = newBalances.getOrDefault(pair.payer, balance(pair.payer));
            if (due.isMoreThan(cover)) {
                return Decision.reject(
                        Rejection.INSUFFICIENT_DEPOSIT,
                        pair.payer + " owes " + due + ", of its deposit " + cover + " is left");
            }
            newlyRedeemed.put(pair, voucher.cumulative());
            newBalances.put(pair.payer, cover.minus(due));
            payments.add(new Entry.Payment(payment.voucher(), due));
        }
        if (payments.isEmpty()) {
            return Decision.noChange();
        }
        var entry = new Entry.Settled(payments);
        return new Decision.Accept(entry, new Outcome.Paid(entry.total()));
    }

    /** Does what {@link #decide} has just accepted. */
    void apply(Entry entry, Instant time) {
        switch (entry) {
            case Entry.Issued(var issuance, var amount) -> {
                var account = issuance.message().account();
                issued.put(account, issuance.message().cumulative());
                credits.merge(account, amount, Amount::plus);
                supply = supply.plus(amount);
            }
            case Entry.Deposited(var deposit, var amount) -> {
                var payer = deposit.message().payer();
                deposited.put(payer, deposit.message().cumulative());
                credits.merge(payer, amount, Amount::minus);
                balances.merge(payer, amount, Amount::plus);
            }
            case Entry.JobOpened(var opening) -> {
                var m = opening.message();
                openJobs.merge(m.payer(), 1, Integer::sum);
                jobs.put(
                        m.jobId(),
                        new JobRecord(
                                m.jobId(),
                                m.specHash(),
                                m.payer(),
                                m.notary(),
                                time,
                                List.of(),
                                new Status.Open()));
            }
            case Entry.AgreementRecorded(var signed) -> {
                var job = known(signed.agreement().jobId());
                var engagements = new ArrayList<>(job.engagements());
                engagements.add(engagement(signed.agreement()));
                jobs.put(job.id(), with(job, engagements, job.status()));
            }
            case Entry.JobClosed(var closing) -> {
                var m = closing.message();
                var job = known(m.jobId());
                openJobs.merge(job.payer(), -1, Integer::sum);
                jobs.put(job.id(), with(job, job.engagements(), status(m, time)));
            }
            case Entry.Settled(var payments) -> {
                for (var payment : payments) {
                    pay(payment.voucher().message(), payment.amount());
                }
            }
        }
    }

    private void pay(Voucher voucher, Amount amount) {
        redeemed.put(new Pair(voucher.payer(), voucher.payee()), voucher.cumulative());
        balances.merge(voucher.payer(), amount, Amount::minus);
        credits.merge(voucher.payee(), amount, Amount::plus);
    }

    Amount issued(Account account) {
        return issued.getOrDefault(account, Amount.ZERO);
    }

    Amount credits(Account account) {
        return credits.getOrDefault(account, Amount.ZERO);
    }

    Amount deposited(Account payer) {
        return deposited.getOrDefault(payer, Amount.ZERO);
    }

    Amount balance(Account payer) {
        return balances.getOrDefault(payer, Amount.ZERO);
    }

    Amount redeemed(Account payer, Account payee) {
        return redeemed(new Pair(payer, payee));
    }

    private Amount redeemed(Pair pair) {
        return redeemed.getOrDefault(pair, Amount.ZERO);
    }

    Optional<JobRecord> job(Bytes32 id) {
        return Optional.ofNullable(jobs.get(id));
    }

    /** How many jobs of {@code payer} are not closed. */
    int openJobs(Account payer) {
        return openJobs.getOrDefault(payer, 0);
    }

    private JobRecord known(Bytes32 id) {
        return job(id).orElseThrow(() -> new IllegalStateException("no job " + id));
    }

    private static JobRecord with(JobRecord job, List<Engagement> engagements, Status status) {
        return new JobRecord(
                job.id(),
                job.specHash(),
                job.payer(),
                job.notary(),
                job.opened(),
                engagements,
                status);
    }

    private Engagement engagement(Agreement agreement) {
        return new Engagement(agreement.payee(), agreement.digest(domain));
    }

    private static Status.Closed status(JobClosing closing, Instant time) {
        return new Status.Closed(closing.end(), closing.resultHash(), closing.closer(), time);
    }

    private static Decision unknown(Bytes32 job) {
        return Decision.reject(Rejection.JOB_UNKNOWN, "no job " + job);
    }

    private static Decision closed(JobRecord job) {
        return Decision.reject(
                Rejection.JOB_CLOSED, "job " + job.id() + " is over: " + job.status());
    }
}
