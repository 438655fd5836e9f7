package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import tensorlink.ledger.Outcome.Rejected;

/**
 * What the tests of every kind of ledger share: a fresh ledger, a few accounts, and words for what
 * is done with them. The tests are in the subclasses, which are one for each capability.
 */
public abstract class LedgerKit<L extends Ledger> {
    protected static final String NETWORK = "contract-test";
    protected static final AccountKey ISSUER = key("issuer");

    static final AccountKey ALICE = key("alice");
    static final AccountKey BOB = key("bob");
    static final AccountKey CAROL = key("carol");
    static final Duration HOUR = Duration.ofHours(1);
    static final Duration SECOND = Duration.ofSeconds(1);
    static final Bytes32 SPEC = Bytes32.keccak("spec");
    static final Bytes32 SALT = Bytes32.keccak("salt");
    static final Bytes32 RESULT = Bytes32.keccak("result");

    final TestClock clock = new TestClock();
    L ledger;
    Domain domain;

    /** A new ledger of {@link #NETWORK} whose credits {@link #ISSUER} grants. */
    protected abstract L open(InstantSource clock) throws IOException;

    static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak("key of " + name));
    }

    @BeforeEach
    void open() throws IOException {
        ledger = open(clock);
        domain = ledger.info().domain();
    }

    @AfterEach
    void close() throws IOException {
        ledger.close();
    }

    interface Call {
        Outcome run() throws Exception;
    }

    interface Entering<M extends Message> {
        Outcome run(Signed<M> signed) throws Exception;
    }

    final void rejects(Rejection code, Call call) throws Exception {
        var before = snapshot();

        var outcome = call.run();

        assertThat(outcome).isInstanceOf(Rejected.class);
        assertThat(((Rejected) outcome).code()).as(outcome.toString()).isEqualTo(code);
        assertThat(snapshot()).isEqualTo(before);
    }

    final <M extends Record & Message> void rejectsMutations(
            Signed<M> signed, int fields, Entering<M> entering) throws Exception {
        var before = snapshot();
        var mutations = Mutations.of(signed.message());
        assertThat(mutations).hasSize(fields);
        for (var field : mutations.entrySet()) {
            assertThat(field.getValue()).as(field.getKey()).isNotEmpty();
            for (var mutation : field.getValue()) {
                var outcome = entering.run(new Signed<>(mutation, signed.signature()));

                assertThat(outcome).as(mutation.toString()).isInstanceOf(Rejected.class);
                assertThat(snapshot()).as(mutation.toString()).isEqualTo(before);
            }
        }
    }

    /** All that anyone can see of the ledger. */
    final List<Object> snapshot() throws Exception {
        var seen = new ArrayList<Object>();
        var accounts = List.of(ALICE.account(), BOB.account(), CAROL.account(), ISSUER.account());
        for (var account : accounts) {
            seen.add(ledger.issued(account));
            seen.add(ledger.credits(account));
            seen.add(ledger.deposited(account));
            seen.add(ledger.balance(account));
            for (var other : accounts) {
                seen.add(ledger.redeemed(account, other));
            }
        }
        seen.add(ledger.job(jobId()));
        if (ledger instanceof FullLedger full) {
            seen.add(full.rewards());
            seen.add(full.disputed(agreement(TestClock.START).digest(domain)));
            for (var account : accounts) {
                seen.add(full.purse(account));
                seen.add(full.registration(account));
                seen.add(full.funded(account));
                seen.add(full.claimed(account));
                for (var other : accounts) {
                    seen.add(full.pair(account, other));
                }
            }
        }
        seen.addAll(eventsFrom(Cursor.START));
        return seen;
    }

    static List<Outcome> atOnce(List<Callable<Outcome>> calls) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var outcomes = new ArrayList<Outcome>();
            for (var future : threads.invokeAll(calls)) {
                outcomes.add(future.get());
            }
            return outcomes;
        }
    }

    final List<LedgerEvent> eventsFrom(Cursor from) throws Exception {
        var events = new ArrayList<LedgerEvent>();
        ledger.events(from, events::add);
        return events;
    }

    /** Gives a payer credits and deposits them all; both sums are since the beginning. */
    final void fund(AccountKey payer, long cumulative) throws Exception {
        ledger.issue(issuance(payer, cumulative));
        ledger.deposit(deposit(payer, cumulative));
    }

    final void fundCredits(AccountKey payer, long cumulative) throws Exception {
        ledger.issue(issuance(payer, cumulative));
    }

    final Signed<Issuance> issuance(AccountKey to, long cumulative) {
        return ISSUER.sign(
                domain, new Issuance(ISSUER.account(), to.account(), Amount.of(cumulative)));
    }

    final Signed<Deposit> deposit(AccountKey payer, long cumulative) {
        return payer.sign(domain, new Deposit(payer.account(), Amount.of(cumulative)));
    }

    final Signed<Voucher> voucher(AccountKey payer, AccountKey payee, long cumulative) {
        return voucher(payer, payee, Amount.of(cumulative), clock.instant().plus(HOUR));
    }

    final Signed<Voucher> voucher(
            AccountKey payer, AccountKey payee, Amount cumulative, Instant expiry) {
        return payer.sign(
                domain,
                new Voucher(payer.account(), payee.account(), cumulative, expiry, Bytes32.ZERO));
    }

    static JobOpening opening() {
        return new JobOpening(SPEC, ALICE.account(), SALT, CAROL.account());
    }

    static Bytes32 jobId() {
        return opening().jobId();
    }

    static JobClosing closing(AccountKey closer, JobEnd end) {
        return new JobClosing(jobId(), end, RESULT, closer.account());
    }

    final JobRecord job() throws Exception {
        return ledger.job(jobId()).orElseThrow();
    }

    final Agreement agreement() {
        return agreement(clock.instant());
    }

    static Agreement agreement(Instant start) {
        return new Agreement(
                jobId(),
                ALICE.account(),
                BOB.account(),
                Amount.of(1_000),
                Amount.of(3),
                Bytes32.keccak("token"),
                start,
                start.plus(HOUR),
                SPEC,
                CAROL.account(),
                SALT);
    }

    static Agreement with(Agreement agreement, Bytes32 jobId) {
        return new Agreement(
                jobId,
                agreement.payer(),
                agreement.payee(),
                agreement.maxPrice(),
                agreement.unitPrice(),
                agreement.unit(),
                agreement.start(),
                agreement.deadline(),
                agreement.specHash(),
                agreement.arbiter(),
                agreement.salt());
    }

    static SignedAgreement signed(Domain domain, Agreement agreement) {
        var digest = agreement.digest(domain);
        return new SignedAgreement(agreement, ALICE.sign(digest), BOB.sign(digest));
    }

    /** What {@code account} has and has set aside in all. */
    final Amount wealth(AccountKey account) throws Exception {
        var wealth = ledger.credits(account.account()).plus(ledger.balance(account.account()));
        return ledger instanceof FullLedger full
                ? wealth.plus(full.registration(account.account()).collateral())
                : wealth;
    }

    /** Moves the clock by a period and the tolerance for clocks that differ. */
    final void pass(Duration period) {
        clock.advance(period.plus(ledger.info().expiryTolerance()).plus(SECOND));
    }
}
