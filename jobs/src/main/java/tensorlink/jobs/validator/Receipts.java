package tensorlink.jobs.validator;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import tensorlink.jobs.job.JobId;
import tensorlink.ledger.Account;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;

/**
 * The best receipt that each worker of a job has given: what validators reckon rewards by. Those of
 * others, or not signed, are passed over. Safe for use by any thread.
 */
final class Receipts {
    private final JobId job;
    private final Domain domain;
    private final Set<Account> payees = new HashSet<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Account, Signed<UsageReceipt>> best = new HashMap<>();

    Receipts(JobId job, Domain domain, List<SignedAgreement> agreements) {
        this.job = job;
        this.domain = domain;
        agreements.forEach(agreement -> payees.add(agreement.agreement().payee()));
    }

    void add(Signed<UsageReceipt> receipt) {
        var message = receipt.message();
        if (!message.jobId().equals(job.word()) || !payees.contains(message.payee())) {
            return;
        }
        lock.lock();
        try {
            var known = best.get(message.payee());
            boolean better = known == null || message.units() > known.message().units();
            // Signatures cost half a millisecond, so only those that matter are checked.
            if (better && receipt.isAuthentic(domain)) {
                best.put(message.payee(), receipt);
            }
        } finally {
            lock.unlock();
        }
    }

    List<Signed<UsageReceipt>> all() {
        lock.lock();
        try {
            return List.copyOf(best.values());
        } finally {
            lock.unlock();
        }
    }
}
