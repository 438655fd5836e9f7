package tensorlink.jobs.worker;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;

/**
 * What payers owe this worker for work that no voucher has answered, and for whom it goes on
 * working before it is paid.
 *
 * <p>An account costs nothing to make, so a limit for each would be none for all: those that have
 * never paid share one, however many they are. An account has paid when a ledger has redeemed its
 * voucher. What is owed for long is written off, so that a lost debt does not keep strangers out
 * for ever; within that time no more is lost than both limits and what is done until they are
 * noticed. Units are {@link tensorlink.jobs.market.Usage}'s. Safe for use by any thread.
 */
final class CreditBook {
    /** What one account may owe. */
    static final long ACCOUNT_UNITS_MAX = 20_000_000;

    /** What all that have never paid may owe together. */
    static final long STRANGERS_UNITS_MAX = 60_000_000;

    static final Duration WRITTEN_OFF_AFTER = Duration.ofHours(1);

    /** Accounts that are remembered to have paid; the one that paid longest ago is forgotten. */
    static final int KNOWN_MAX = 10_000;

    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<JobId, Debt> debts = new HashMap<>();
    private final Map<Account, Boolean> known =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Account, Boolean> eldest) {
                    return size() > KNOWN_MAX;
                }
            };

    private record Debt(Account payer, long units, Instant since) {}

    CreditBook(InstantSource clock) {
        this.clock = clock;
    }

    /** Notes what is owed in a job now, in place of what was. */
    void owes(JobId job, Account payer, long units) {
        lock.lock();
        try {
            if (units == 0) {
                debts.remove(job);
            } else {
                debts.put(job, new Debt(payer, units, clock.instant()));
            }
        } finally {
            lock.unlock();
        }
    }

    /** A ledger has paid a voucher of {@code payer}. */
    void paid(Account payer) {
        lock.lock();
        try {
            known.remove(payer);
            known.put(payer, true);
        } finally {
            lock.unlock();
        }
    }

    /** Whether more is worked for {@code payer} before it pays. */
    boolean admits(Account payer) {
        lock.lock();
        try {
            writeOff();
            if (owed(Set.of(payer)) >= ACCOUNT_UNITS_MAX) {
                return false;
            }
            return known.containsKey(payer) || owed(strangers()) < STRANGERS_UNITS_MAX;
        } finally {
            lock.unlock();
        }
    }

    private void writeOff() {
        var oldest = clock.instant().minus(WRITTEN_OFF_AFTER);
        debts.values().removeIf(debt -> debt.since().isBefore(oldest));
    }

    private Set<Account> strangers() {
        var strangers = new HashSet<Account>();
        for (var debt : debts.values()) {
            if (!known.containsKey(debt.payer())) {
                strangers.add(debt.payer());
            }
        }
        return strangers;
    }

    private long owed(Set<Account> payers) {
        long units = 0;
        for (var debt : debts.values()) {
            if (payers.contains(debt.payer())) {
                units += Math.min(debt.units(), STRANGERS_UNITS_MAX); // so that no sum overflows
            }
        }
        return units;
    }
}
