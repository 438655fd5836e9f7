package tensorlink.ledger.file;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.DisputeRecord;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Outcome;
import tensorlink.ledger.Rejection;
import tensorlink.ledger.file.Deposits.Pair;

/** The rules of disputes: who may open one, what is kept meanwhile, and what a verdict moves. */
final class Disputes {
    private final Domain domain;
    private final Jobs jobs;
    private final Deposits deposits;
    final Map<Bytes32, DisputeRecord> disputes = new HashMap<>();

    Disputes(Domain domain, Jobs jobs, Deposits deposits) {
        this.domain = domain;
        this.jobs = jobs;
        this.deposits = deposits;
    }

    Decision open(Entry.Disputed asked) {
        var agreement = asked.agreement();
        var m = asked.dispute().message();
        if (!isKnown(agreement, m.agreement())) {
            return unknown(m.agreement());
        }
        if (!m.plaintiff().equals(agreement.payer()) && !m.plaintiff().equals(agreement.payee())) {
            return Decision.reject(
                    Rejection.NOT_AGREEMENT_PARTY,
                    m.plaintiff() + " is neither payer nor payee of " + m.agreement());
        }
        if (agreement.arbiter().isZero()) {
            return Decision.reject(
                    Rejection.NOT_ARBITER, "agreement " + m.agreement() + " names no arbiter");
        }
        if (disputes.containsKey(m.agreement())) {
            return Decision.noChange();
        }
        var pair = pair(agreement);
        var locked = deposits.pair(pair).locked();
        var wanted = agreement.maxPrice().min(deposits.cover(pair));
        return Decision.accept(
                new Entry.Disputed(
                        agreement,
                        asked.dispute(),
                        wanted.isMoreThan(locked) ? wanted : locked,
                        asked.ends()));
    }

    void apply(Entry.Disputed entry) {
        var m = entry.dispute().message();
        var pair = pair(entry.agreement());
        var until = deposits.pair(pair).lockedUntil();
        deposits.setLock(pair, entry.locked(), until.isAfter(entry.ends()) ? until : entry.ends());
        disputes.put(
                m.agreement(),
                new DisputeRecord(m.plaintiff(), m.evidence(), entry.ends(), Optional.empty()));
    }

    Decision judge(Entry.Judged asked) {
        var agreement = asked.agreement();
        var m = asked.verdict().message();
        if (!isKnown(agreement, m.agreement())) {
            return unknown(m.agreement());
        }
        if (agreement.arbiter().isZero() || !m.arbiter().equals(agreement.arbiter())) {
            return Decision.reject(
                    Rejection.NOT_ARBITER,
                    m.arbiter() + " does not judge agreement " + m.agreement());
        }
        var dispute = disputes.get(m.agreement());
        if (dispute == null) {
            return Decision.reject(
                    Rejection.DISPUTE_UNKNOWN, "nobody disputes agreement " + m.agreement());
        }
        var pair = pair(agreement);
        var redeemed = deposits.pair(pair).redeemed();
        var due =
                m.cumulative().isMoreThan(redeemed) ? m.cumulative().minus(redeemed) : Amount.ZERO;
        if (dispute.awarded().isPresent()) {
            return due.isZero()
                    ? Decision.noChange()
                    : Decision.reject(
                            Rejection.DISPUTE_OVER,
                            "judged before: " + dispute.awarded().get() + " was awarded");
        }
        if (due.isMoreThan(agreement.maxPrice())) {
            return Decision.reject(
                    Rejection.VERDICT_TOO_HIGH,
                    due + " to move, at most " + agreement.maxPrice() + " was agreed");
        }
        if (due.isMoreThan(deposits.cover(pair))) {
            return Deposits.uncovered(pair, due, deposits.cover(pair));
        }
        var entry = new Entry.Judged(agreement, asked.verdict(), due);
        return due.isZero()
                ? Decision.accept(entry)
                : new Decision.Accept(entry, new Outcome.Paid(due));
    }

    void apply(Entry.Judged entry) {
        var digest = entry.verdict().message().agreement();
        var dispute = disputes.get(digest);
        if (dispute == null) {
            throw new IllegalStateException("no dispute over " + digest);
        }
        if (!entry.amount().isZero()) {
            deposits.pay(pair(entry.agreement()), entry.amount());
        }
        disputes.put(
                digest,
                new DisputeRecord(
                        dispute.plaintiff(),
                        dispute.evidence(),
                        dispute.ends(),
                        Optional.of(entry.amount())));
    }

    Optional<DisputeRecord> over(Bytes32 agreement) {
        return Optional.ofNullable(disputes.get(agreement));
    }

    /** When the time for a verdict ends; the epoch where there is no dispute. */
    Instant ends(Bytes32 agreement) {
        return over(agreement).map(DisputeRecord::ends).orElse(Instant.EPOCH);
    }

    private boolean isKnown(Agreement agreement, Bytes32 digest) {
        return agreement.digest(domain).equals(digest) && jobs.has(agreement);
    }

    private static Decision unknown(Bytes32 agreement) {
        return Decision.reject(
                Rejection.AGREEMENT_UNKNOWN, "agreement " + agreement + " is not on the ledger");
    }

    private static Pair pair(Agreement agreement) {
        return new Pair(agreement.payer(), agreement.payee());
    }
}
