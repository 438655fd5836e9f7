package tensorlink.ledger;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The record of who owes whom: credits, deposits, jobs and payments of one network.
 *
 * <p>Money moves one way: the issuer grants <em>credits</em>, a payer moves credits into its
 * <em>deposit</em>, and a voucher moves deposit into the payee's credits. At any time the credits
 * and deposits of all accounts add up to what was issued. What else some ledgers keep is in {@link
 * FullLedger}.
 *
 * <p>Requests carry their own signatures, so anyone may hand them in. They answer with an {@link
 * Outcome} that is final when returned; refusals are values, and a {@link LedgerException} means
 * that the ledger could not be asked. What a query returns is durable too.
 *
 * <p>Safe for use by any thread; all methods may block, so call them on virtual threads.
 */
public interface Ledger extends AutoCloseable {

    /** What holds for every request here. */
    LedgerTerms info();

    /** What {@code account} owns and has not deposited. */
    Amount credits(Account account) throws LedgerException, InterruptedException;

    /** The part of {@code payer}'s deposit that is not paid out: the cover of its vouchers. */
    Amount balance(Account payer) throws LedgerException, InterruptedException;

    /** All that was ever issued to {@code account}. */
    Amount issued(Account account) throws LedgerException, InterruptedException;

    /** All that {@code payer} ever deposited. */
    Amount deposited(Account payer) throws LedgerException, InterruptedException;

    /** All that {@code payer}'s vouchers ever paid to {@code payee}. */
    Amount redeemed(Account payer, Account payee) throws LedgerException, InterruptedException;

    /**
     * Grants an account credits up to a sum: {@code Recorded}, or {@code NoChange} when it has had
     * as much.
     */
    Outcome issue(Signed<Issuance> issuance) throws LedgerException, InterruptedException;

    /**
     * Moves a payer's credits into its deposit up to a sum: {@code Recorded}, or {@code NoChange}
     * when it has deposited as much.
     */
    Outcome deposit(Signed<Deposit> deposit) throws LedgerException, InterruptedException;

    /** Begins a job: {@code Recorded}, or {@code NoChange} when this opening is known. */
    Outcome openJob(Signed<JobOpening> opening) throws LedgerException, InterruptedException;

    /**
     * Adds an agreement to its open job: {@code Recorded}, or {@code NoChange} when it is there.
     */
    Outcome recordAgreement(SignedAgreement agreement) throws LedgerException, InterruptedException;

    /** Ends a job: {@code Recorded}, or {@code NoChange} when it ended just so. */
    Outcome closeJob(Signed<JobClosing> closing) throws LedgerException, InterruptedException;

    /** The job with this id, if it was opened. */
    Optional<JobRecord> job(Bytes32 id) throws LedgerException, InterruptedException;

    /**
     * Pays each voucher's {@code cumulative} less what its pair was paid before: {@code Paid} with
     * the sum of all, or {@code NoChange} when every voucher is paid already. A voucher that is
     * paid already is skipped, whatever else is wrong with it; if any other is expired, not covered
     * by its payer's deposit or not signed by its payer, the whole batch is {@code Rejected} and
     * nobody is paid.
     *
     * @param vouchers at most {@link LedgerTerms#vouchersMax}, in the order of payment
     */
    Outcome redeem(List<Signed<Voucher>> vouchers) throws LedgerException, InterruptedException;

    /**
     * Tells {@code sink} all that has happened at or after {@code from}, in order, and returns
     * where to go on. Each event is told exactly once to whoever goes on from the returned cursor,
     * or from {@link LedgerEvent#next} of the last event it has kept.
     *
     * @throws IllegalArgumentException when {@code from} is beyond the end: it is another ledger's
     */
    Cursor events(Cursor from, Consumer<LedgerEvent> sink)
            throws LedgerException, InterruptedException;

    @Override
    void close() throws LedgerException;
}
