package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Calls a ledger at random with good, stale, underfunded, expired and forged messages, beside a
 * model of whole numbers that knows what must come of each. After each call: credits + deposits =
 * issued, deposits + paid = deposited, and every account is as the model says.
 */
public final class RandomCalls {
    private static final int ACCOUNTS = 4;
    private static final Duration LIFE = Duration.ofHours(1);

    private final Ledger ledger;
    private final AccountKey issuer;
    private final TestClock clock;
    private final RandomGenerator random;
    private final Domain domain;
    private final List<AccountKey> keys = new ArrayList<>();

    private final long[] issued = new long[ACCOUNTS];
    private final long[] credits = new long[ACCOUNTS];
    private final long[] deposited = new long[ACCOUNTS];
    private final long[][] redeemed = new long[ACCOUNTS][ACCOUNTS];

    public RandomCalls(Ledger ledger, AccountKey issuer, TestClock clock, RandomGenerator random) {
        this.ledger = ledger;
        this.issuer = issuer;
        this.clock = clock;
        this.random = random;
        this.domain = ledger.info().domain();
        for (int i = 0; i < ACCOUNTS; i++) {
            keys.add(AccountKey.of(Bytes32.keccak("random caller " + i)));
        }
    }

    public void run(int calls) throws Exception {
        for (int i = 0; i < calls; i++) {
            int account = random.nextInt(ACCOUNTS);
            var description =
                    switch (random.nextInt(8)) {
                        case 0, 1 -> issue(account);
                        case 2, 3 -> deposit(account);
                        default -> redeem();
                    };
            clock.advance(Duration.ofSeconds(random.nextInt(600)));
            check("call " + i + ", " + description);
        }
        checkEvents();
    }

    private String issue(int account) throws Exception {
        long cumulative = Math.max(0, issued[account] + random.nextInt(120) - 20);
        var message =
                new Issuance(issuer.account(), keys.get(account).account(), Amount.of(cumulative));

        var outcome = ledger.issue(issuer.sign(domain, message));

        if (cumulative <= issued[account]) {
            assertThat(outcome).isEqualTo(new Outcome.NoChange());
        } else {
            assertThat(outcome).isEqualTo(new Outcome.Recorded());
            credits[account] += cumulative - issued[account];
            issued[account] = cumulative;
        }
        return message + ": " + outcome;
    }

    private String deposit(int account) throws Exception {
        long cumulative = Math.max(0, deposited[account] + random.nextInt(90) - 10);
        var message = new Deposit(keys.get(account).account(), Amount.of(cumulative));
        boolean forged = random.nextInt(10) == 0;
        var signer = forged ? issuer : keys.get(account);

        var outcome = ledger.deposit(new Signed<>(message, signer.sign(message.digest(domain))));

        long more = cumulative - deposited[account];
        if (more <= 0) {
            assertThat(outcome).isEqualTo(new Outcome.NoChange());
        } else if (more > credits[account]) {
            assertThat(code(outcome)).isEqualTo(Rejection.INSUFFICIENT_CREDITS);
        } else if (forged) {
            assertThat(code(outcome)).isEqualTo(Rejection.BAD_SIGNATURE);
        } else {
            assertThat(outcome).isEqualTo(new Outcome.Recorded());
            credits[account] -= more;
            deposited[account] = cumulative;
        }
        return message + ": " + outcome;
    }

    private String redeem() throws Exception {
        var batch = new ArrayList<Signed<Voucher>>();
        var after = new long[ACCOUNTS][];
        for (int i = 0; i < ACCOUNTS; i++) {
            after[i] = redeemed[i].clone();
        }
        long paid = 0;
        var faults = new ArrayList<Rejection>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            int payer = random.nextInt(ACCOUNTS);
            int payee = random.nextInt(ACCOUNTS);
            long cumulative = Math.max(0, after[payer][payee] + random.nextInt(60) - 15);
            boolean expired = random.nextInt(20) == 0;
            boolean forged = random.nextInt(20) == 0;
            batch.add(voucher(payer, payee, cumulative, expired, forged));
            long due = cumulative - after[payer][payee];
            if (due <= 0) {
                continue;
            }
            if (expired) {
                faults.add(Rejection.VOUCHER_EXPIRED);
            }
            if (forged) {
                faults.add(Rejection.BAD_SIGNATURE);
            }
            after[payer][payee] = cumulative;
            paid += due;
            if (sum(after[payer]) > deposited[payer]) {
                faults.add(Rejection.INSUFFICIENT_DEPOSIT);
            }
        }

        var outcome = ledger.redeem(batch);

        if (!faults.isEmpty()) {
            assertThat(code(outcome)).isIn(faults);
        } else if (paid == 0) {
            assertThat(outcome).isEqualTo(new Outcome.NoChange());
        } else {
            assertThat(outcome).as("%s", batch).isEqualTo(new Outcome.Paid(Amount.of(paid)));
            for (int payer = 0; payer < ACCOUNTS; payer++) {
                for (int payee = 0; payee < ACCOUNTS; payee++) {
                    credits[payee] += after[payer][payee] - redeemed[payer][payee];
                }
                redeemed[payer] = after[payer];
            }
        }
        return batch + ": " + outcome;
    }

    private Signed<Voucher> voucher(
            int payer, int payee, long cumulative, boolean expired, boolean forged) {
        var expiry = clock.instant().plus(expired ? LIFE.negated() : LIFE);
        var message =
                new Voucher(
                        keys.get(payer).account(),
                        keys.get(payee).account(),
                        Amount.of(cumulative),
                        expiry,
                        Bytes32.ZERO);
        var signer = forged ? keys.get((payer + 1) % ACCOUNTS) : keys.get(payer);
        return new Signed<>(message, signer.sign(message.digest(domain)));
    }

    private static Rejection code(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Rejected.class);
        return ((Outcome.Rejected) outcome).code();
    }

    private void check(String call) throws Exception {
        var totalIssued = BigInteger.ZERO;
        var totalHeld = BigInteger.ZERO;
        for (int i = 0; i < ACCOUNTS; i++) {
            var account = keys.get(i).account();
            assertThat(ledger.credits(account)).as(call).isEqualTo(Amount.of(credits[i]));
            assertThat(ledger.balance(account))
                    .as(call)
                    .isEqualTo(Amount.of(deposited[i] - sum(redeemed[i])));
            totalIssued = totalIssued.add(ledger.issued(account).value());
            totalHeld =
                    totalHeld
                            .add(ledger.credits(account).value())
                            .add(ledger.balance(account).value());
            var paid = BigInteger.ZERO;
            for (var payee : keys) {
                paid = paid.add(ledger.redeemed(account, payee.account()).value());
            }
            assertThat(ledger.balance(account).value().add(paid))
                    .as(call + ": balance + paid = deposited")
                    .isEqualTo(ledger.deposited(account).value());
        }
        assertThat(totalHeld).as(call + ": held = issued").isEqualTo(totalIssued);
    }

    /** Whoever only reads the events arrives at the same credits. */
    private void checkEvents() throws Exception {
        var books = EventBooks.of(ledger);
        for (int i = 0; i < ACCOUNTS; i++) {
            assertThat(books.credits(keys.get(i).account()))
                    .isEqualTo(BigInteger.valueOf(credits[i]));
        }
    }

    private static long sum(long[] values) {
        long sum = 0;
        for (long value : values) {
            sum += value;
        }
        return sum;
    }
}
