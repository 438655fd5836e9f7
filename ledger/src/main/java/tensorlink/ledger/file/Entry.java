package tensorlink.ledger.file;

import java.util.List;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Voucher;

/**
 * One change of the ledger: the signed message and the money that it moved.
 *
 * <p>Also the form in which a change is asked for; the amounts then mean nothing, since {@link
 * LedgerState#decide} finds them.
 */
sealed interface Entry {

    /** {@code amount} is what the account gained. */
    record Issued(Signed<Issuance> issuance, Amount amount) implements Entry {}

    /** {@code amount} is what went from the payer's credits into its deposit. */
    record Deposited(Signed<Deposit> deposit, Amount amount) implements Entry {}

    record JobOpened(Signed<JobOpening> opening) implements Entry {}

    record AgreementRecorded(SignedAgreement agreement) implements Entry {}

    record JobClosed(Signed<JobClosing> closing) implements Entry {}

    /** A batch of vouchers that were paid together. */
    record Settled(List<Payment> payments) implements Entry {
        public Settled {
            payments = List.copyOf(payments);
        }

        Amount total() {
            var total = Amount.ZERO;
            for (var payment : payments) {
                total = total.plus(payment.amount);
            }
            return total;
        }
    }

    /** {@code amount} is what went from the payer's deposit into the payee's credits. */
    record Payment(Signed<Voucher> voucher, Amount amount) {}

    /** Whether all signatures are those of the signers that the messages name. */
    default boolean isAuthentic(Domain domain) {
        return switch (this) {
            case Issued(var issuance, var _) -> issuance.isAuthentic(domain);
            case Deposited(var deposit, var _) -> deposit.isAuthentic(domain);
            case JobOpened(var opening) -> opening.isAuthentic(domain);
            case AgreementRecorded(var agreement) -> agreement.isAuthentic(domain);
            case JobClosed(var closing) -> closing.isAuthentic(domain);
            case Settled(var payments) ->
                    payments.stream().allMatch(payment -> payment.voucher.isAuthentic(domain));
        };
    }

    /** What happened, as others are told. */
    default List<Change> changes(Domain domain) {
        return switch (this) {
            case Issued(var issuance, var amount) -> {
                var m = issuance.message();
                yield List.of(new Change.Issued(m.account(), amount, m.cumulative()));
            }
            case Deposited(var deposit, var amount) -> {
                var m = deposit.message();
                yield List.of(new Change.Deposited(m.payer(), amount, m.cumulative()));
            }
            case JobOpened(var opening) -> {
                var m = opening.message();
                yield List.of(new Change.JobOpened(m.jobId(), m.payer(), m.notary()));
            }
            case AgreementRecorded(var signed) -> {
                var a = signed.agreement();
                yield List.of(
                        new Change.AgreementRecorded(
                                a.jobId(), a.digest(domain), a.payer(), a.payee()));
            }
            case JobClosed(var closing) -> {
                var m = closing.message();
                yield List.of(new Change.JobClosed(m.jobId(), m.end(), m.resultHash(), m.closer()));
            }
            case Settled(var payments) ->
                    payments.stream().map(Entry::redeemed).map(Change.class::cast).toList();
        };
    }

    private static Change.Redeemed redeemed(Payment payment) {
        var m = payment.voucher.message();
        return new Change.Redeemed(m.payer(), m.payee(), payment.amount, m.cumulative());
    }
}
