package tensorlink.jobs.worker;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tensorlink.jobs.market.Offer;
import tensorlink.jobs.market.Usage;
import tensorlink.jobs.message.Command;
import tensorlink.jobs.message.Dossier;
import tensorlink.jobs.party.Party;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.UsageReceipt;
import tensorlink.ledger.Voucher;
import tensorlink.p2p.peer.PeerId;

/**
 * The money side of one job on a worker: the agreement it has signed and the receipts it gives.
 * Safe for use by any thread.
 */
final class Tally {
    private static final Duration RECEIPT_INTERVAL = Duration.ofSeconds(5);

    private final Party party;
    private final SignedAgreement signed;
    private final Agreement agreement;
    private final ReentrantLock lock = new ReentrantLock();
    private long sequence;
    private long told;
    private Bytes32 lastHash = Bytes32.ZERO;
    private @Nullable Signed<UsageReceipt> last;
    private @Nullable Signed<UsageReceipt> answered;
    private long lastReceiptAt;
    private long settled;

    private Tally(Party party, SignedAgreement signed) {
        this.party = party;
        this.signed = signed;
        this.agreement = signed.agreement();
        this.lastReceiptAt = party.scheduler().nanoTime();
    }

    /**
     * Signs the user's agreement if it is the one that was offered.
     *
     * @throws IllegalArgumentException naming what is not
     */
    static Tally sign(Party party, Offer offer, Amount unitPrice, Command.Open open) {
        var agreement = open.agreement();
        var request = offer.request().content();
        require("job", agreement.jobId(), request.id().word());
        require("payer", agreement.payer(), request.payer());
        require("payee", agreement.payee(), party.account().account());
        require("unit", agreement.unit(), Bytes32.keccak(Usage.UNIT));
        require("specification", agreement.specHash(), request.specHash());
        require("salt", agreement.salt(), request.salt());
        require("arbiter", agreement.arbiter(), offer.arbiter());
        if (unitPrice.isMoreThan(agreement.unitPrice())) {
            throw new IllegalArgumentException(
                    "agreement: " + agreement.unitPrice() + " per unit, asked are " + unitPrice);
        }
        if (agreement.deadline().isBefore(party.scheduler().now())) {
            throw new IllegalArgumentException("agreement: over since " + agreement.deadline());
        }
        var digest = agreement.digest(party.domain());
        if (!open.payerSignature().isBy(agreement.payer(), digest)) {
            throw new IllegalArgumentException("agreement: not signed by its payer");
        }
        return new Tally(
                party,
                new SignedAgreement(
                        agreement, open.payerSignature(), party.account().sign(digest)));
    }

    Signature65 payeeSignature() {
        return signed.payeeSignature();
    }

    /** Notes a voucher of this job's payer; the one that answers the last receipt settles it. */
    void paid(Voucher voucher) {
        lock.lock();
        try {
            if (voucher.jobsRoot().equals(lastHash)) {
                settled = told;
                answered = last;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@code units} of work are more than the agreement pays for. */
    boolean isUsedUp(long units) {
        var price = agreement.unitPrice().value().multiply(BigInteger.valueOf(units));
        return price.compareTo(agreement.maxPrice().value()) > 0;
    }

    boolean isFree() {
        return agreement.unitPrice().isZero();
    }

    /** Of {@code units} of work, those that no voucher has answered. */
    long unpaid(long units) {
        lock.lock();
        try {
            return Math.max(0, units - settled);
        } finally {
            lock.unlock();
        }
    }

    Amount maxPrice() {
        return agreement.maxPrice();
    }

    /** Whether the last receipt has earned something that no voucher has answered. */
    boolean isOwed() {
        lock.lock();
        try {
            return agreement.priceOf(told).isMoreThan(agreement.priceOf(settled));
        } finally {
            lock.unlock();
        }
    }

    /**
     * A receipt for {@code units} in all, if there is something new.
     *
     * @param evenIfRecent also when the last receipt was given a moment ago
     */
    Optional<Signed<UsageReceipt>> receipt(long units, boolean evenIfRecent) {
        lock.lock();
        try {
            long now = party.scheduler().nanoTime();
            boolean recent = now - lastReceiptAt < RECEIPT_INTERVAL.toNanos();
            if (units == told || (recent && !evenIfRecent)) {
                return Optional.empty();
            }
            var receipt =
                    party.account()
                            .sign(
                                    party.domain(),
                                    new UsageReceipt(
                                            agreement.jobId(),
                                            agreement.payee(),
                                            units,
                                            sequence++));
            told = units;
            last = receipt;
            lastHash = Bytes32.keccak(receipt.encode());
            lastReceiptAt = now;
            return Optional.of(receipt);
        } finally {
            lock.unlock();
        }
    }

    /** The last receipt given. */
    Optional<Signed<UsageReceipt>> lastReceipt() {
        lock.lock();
        try {
            return Optional.ofNullable(last);
        } finally {
            lock.unlock();
        }
    }

    /**
     * What to keep for a dispute: the agreement, the receipt that the best voucher answers, and the
     * last one. Empty where nothing is paid or nobody judges.
     */
    Optional<Dossier> dossier(PeerId arbiter) {
        if (isFree() || agreement.arbiter().equals(Account.ZERO)) {
            return Optional.empty();
        }
        lock.lock();
        try {
            var receipts =
                    Stream.of(Optional.ofNullable(answered), Optional.ofNullable(last))
                            .flatMap(Optional::stream)
                            .distinct()
                            .toList();
            return Optional.of(new Dossier(arbiter, signed, receipts));
        } finally {
            lock.unlock();
        }
    }

    private static void require(String field, Object actual, Object expected) {
        if (!actual.equals(expected)) {
            throw new IllegalArgumentException(
                    "agreement: " + field + " is " + actual + ", expected " + expected);
        }
    }
}
