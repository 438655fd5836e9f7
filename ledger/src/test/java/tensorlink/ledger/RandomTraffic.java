package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import tensorlink.ledger.Outcome.Rejected;

/**
 * Asks a ledger for everything it can do, at random, well and badly signed, and checks after each
 * call what must always hold: credits + deposits + collateral + pool = issued − burned; for each
 * payer, balance + paid + withdrawn = deposited, and its locks are covered; and what is refused
 * changes nothing. In the end the events tell the same.
 */
final class RandomTraffic {
    private static final int ACCOUNTS = 4;

    private final FullLedger ledger;
    private final AccountKey issuer;
    private final TestClock clock;
    private final RandomGenerator random;
    private final Domain domain;
    private final Amount stakeMin;
    private final List<AccountKey> keys = new ArrayList<>();
    private final List<Agreement> agreements = new ArrayList<>();
    private final Map<Account, Amount> earned = new HashMap<>();
    private RewardTree lastTree = RewardTree.of(Map.of());
    private long epoch;
    private int accepted;

    RandomTraffic(FullLedger ledger, AccountKey issuer, TestClock clock, RandomGenerator random) {
        this.ledger = ledger;
        this.issuer = issuer;
        this.clock = clock;
        this.random = random;
        this.domain = ledger.info().domain();
        this.stakeMin = ledger.info().seats().stakeMin();
        for (int i = 0; i < ACCOUNTS; i++) {
            keys.add(AccountKey.of(Bytes32.keccak("random caller " + i)));
        }
    }

    void run(int calls) throws Exception {
        for (var key : keys) {
            var enough = stakeMin.plus(Amount.of(500));
            ledger.issue(sign(issuer, new Issuance(issuer.account(), key.account(), enough)));
            ledger.deposit(sign(key, new Deposit(key.account(), Amount.of(200))));
        }
        for (int i = 0; i < calls; i++) {
            int kind = random.nextInt(16);
            var before = books();

            var outcome = call(kind);

            var what = "call " + i + " of kind " + kind + ": " + outcome;
            if (outcome instanceof Rejected) {
                assertThat(books()).as(what).isEqualTo(before);
            } else {
                accepted++;
            }
            check(what);
            clock.advance(Duration.ofMinutes(random.nextInt(600)));
        }
        assertThat(accepted).isPositive();
        checkEvents();
    }

    private Outcome call(int kind) throws Exception {
        var one = any();
        var other = any();
        var account = one.account();
        return switch (kind) {
            case 0 ->
                    ledger.issue(
                            sign(
                                    issuer,
                                    new Issuance(
                                            issuer.account(),
                                            account,
                                            near(ledger.issued(account)))));
            case 1 ->
                    ledger.deposit(
                            sign(one, new Deposit(account, near(ledger.deposited(account)))));
            case 2, 3 -> redeem(one, other);
            case 4 -> {
                var noticed = ledger.purse(account).notice().noticed();
                yield ledger.noticeWithdrawal(sign(one, new Withdrawal(account, near(noticed))));
            }
            case 5 -> ledger.withdraw(account);
            case 6 -> {
                var until = clock.instant().plus(Duration.ofHours(random.nextInt(40)));
                var lock = new Lock(account, other.account(), small(), until);
                yield ledger.lock(sign(one, lock));
            }
            case 7 -> ledger.unlock(account, other.account());
            case 8 -> {
                var cumulative = random.nextBoolean() ? stakeMin : near(stakeMin);
                yield ledger.stake(sign(one, new Stake(account, cumulative)));
            }
            case 9 -> {
                var noticed = ledger.registration(account).notice().noticed();
                yield random.nextInt(3) == 0
                        ? ledger.noticeUnstake(sign(one, new Unstake(account, near(noticed))))
                        : ledger.unstake(account);
            }
            case 10 -> random.nextInt(6) == 0 ? slash(one, other) : announce(one);
            case 11 -> ledger.fund(sign(one, new Funding(account, near(ledger.funded(account)))));
            case 12 -> post();
            case 13 -> claim(account);
            case 14 -> anchor(one, other);
            default -> judge();
        };
    }

    private Outcome redeem(AccountKey payer, AccountKey payee) throws Exception {
        var batch = new ArrayList<Signed<Voucher>>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            var redeemed = ledger.redeemed(payer.account(), payee.account());
            batch.add(
                    sign(
                            payer,
                            new Voucher(
                                    payer.account(),
                                    payee.account(),
                                    near(redeemed),
                                    clock.instant(),
                                    Bytes32.ZERO)));
        }
        return ledger.redeem(batch);
    }

    private Outcome announce(AccountKey validator) throws Exception {
        var record = new PeerRecord(validator.account(), ByteString.EMPTY, random.nextInt(5));
        return ledger.announce(sign(validator, record));
    }

    private Outcome slash(AccountKey validator, AccountKey reporter) throws Exception {
        var one = new RewardRoot(1, Bytes32.ZERO, small(), Bytes32.ZERO);
        var other = new RewardRoot(1, Bytes32.ZERO, small(), Bytes32.ZERO);
        return ledger.slash(
                new Equivocation.Roots(
                        validator.account(),
                        one,
                        validator.sign(one.digest(domain)),
                        other,
                        validator.sign(other.digest(domain))),
                reporter.account());
    }

    /** The next root, sometimes one that promises more than there is, or takes one back. */
    private Outcome post() throws Exception {
        if (random.nextInt(6) == 0) {
            var cancel = new RootCancel(epoch);
            return ledger.cancelRoot(cancel, byAll(cancel.digest(domain)));
        }
        earned.merge(any().account(), Amount.of(random.nextInt(20)), Amount::plus);
        var tree = RewardTree.of(earned);
        var root = tree.root(epoch + 1);
        var outcome = ledger.postRoot(root, byAll(root.digest(domain)));
        if (outcome instanceof Outcome.Recorded) {
            epoch++;
            lastTree = tree;
        }
        return outcome;
    }

    private List<Endorsement> byAll(Bytes32 digest) throws Exception {
        var validators = ledger.validators();
        return keys.stream()
                .filter(key -> validators.contains(key.account()))
                .map(key -> new Endorsement(key.account(), key.sign(digest)))
                .toList();
    }

    private Outcome claim(Account account) throws Exception {
        var total = lastTree.total(account);
        return total.isZero()
                ? ledger.claim(account, small(), List.of())
                : ledger.claim(account, total, lastTree.proof(account));
    }

    private Outcome anchor(AccountKey payer, AccountKey payee) throws Exception {
        var salt = Bytes32.keccak("job " + agreements.size());
        var opening = new JobOpening(Bytes32.ZERO, payer.account(), salt, Account.ZERO);
        ledger.openJob(sign(payer, opening));
        var agreement =
                new Agreement(
                        opening.jobId(),
                        payer.account(),
                        payee.account(),
                        small(),
                        Amount.of(1),
                        Bytes32.ZERO,
                        clock.instant(),
                        clock.instant(),
                        Bytes32.ZERO,
                        issuer.account(),
                        salt);
        var digest = agreement.digest(domain);
        ledger.recordAgreement(
                new SignedAgreement(agreement, payer.sign(digest), payee.sign(digest)));
        agreements.add(agreement);
        var dispute = new Dispute(digest, payee.account(), Bytes32.ZERO);
        return ledger.dispute(agreement, sign(payee, dispute));
    }

    private Outcome judge() throws Exception {
        if (agreements.isEmpty()) {
            return new Outcome.NoChange();
        }
        var agreement = agreements.getLast();
        var redeemed = ledger.redeemed(agreement.payer(), agreement.payee());
        var verdict = new Verdict(agreement.digest(domain), near(redeemed), issuer.account());
        return ledger.judge(agreement, sign(issuer, verdict));
    }

    private AccountKey any() {
        return keys.get(random.nextInt(ACCOUNTS));
    }

    private Amount small() {
        return Amount.of(random.nextInt(90));
    }

    /** A sum that is often a little more than {@code sum}, sometimes less. */
    private Amount near(Amount sum) {
        var more = sum.plus(small());
        var less = Amount.of(15);
        return less.isMoreThan(more) ? Amount.ZERO : more.minus(less);
    }

    /** One in twelve is signed by somebody else. */
    private <M extends Message> Signed<M> sign(AccountKey key, M message) {
        var signer = random.nextInt(12) == 0 ? key("forger") : key;
        return new Signed<>(message, signer.sign(message.digest(domain)));
    }

    private static AccountKey key(String name) {
        return AccountKey.of(Bytes32.keccak(name));
    }

    private record Books(
            List<Amount> credits,
            List<Purse> purses,
            List<PairRecord> pairs,
            List<Registration> registrations,
            Amount pool,
            Amount claimed) {}

    private Books books() throws Exception {
        var credits = new ArrayList<Amount>();
        var purses = new ArrayList<Purse>();
        var pairs = new ArrayList<PairRecord>();
        var registrations = new ArrayList<Registration>();
        for (var key : keys) {
            credits.add(ledger.credits(key.account()));
            purses.add(ledger.purse(key.account()));
            registrations.add(ledger.registration(key.account()));
            for (var payee : keys) {
                pairs.add(ledger.pair(key.account(), payee.account()));
            }
        }
        var rewards = ledger.rewards();
        return new Books(credits, purses, pairs, registrations, rewards.pool(), rewards.claimed());
    }

    private void check(String call) throws Exception {
        var books = books();
        var held = books.pool.value();
        var issued = BigInteger.ZERO;
        for (int i = 0; i < ACCOUNTS; i++) {
            var purse = books.purses.get(i);
            held =
                    held.add(books.credits.get(i).value())
                            .add(purse.balance().value())
                            .add(books.registrations.get(i).collateral().value());
            issued = issued.add(ledger.issued(keys.get(i).account()).value());
            var paid = BigInteger.ZERO;
            var locked = BigInteger.ZERO;
            for (var pair : books.pairs.subList(i * ACCOUNTS, (i + 1) * ACCOUNTS)) {
                paid = paid.add(pair.redeemed().value());
                locked = locked.add(pair.locked().value());
            }
            assertThat(purse.balance().value().add(paid).add(purse.withdrawn().value()))
                    .as(call + ": balance + paid + withdrawn = deposited")
                    .isEqualTo(purse.deposited().value());
            assertThat(purse.locked().value()).as(call).isEqualTo(locked);
            assertThat(purse.locked()).as(call).isLessThanOrEqualTo(purse.balance());
        }
        assertThat(held.add(EventBooks.of(ledger).burned()))
                .as(call + ": all that is held = issued - burned")
                .isEqualTo(issued);
    }

    private void checkEvents() throws Exception {
        var told = EventBooks.of(ledger);
        for (var key : keys) {
            assertThat(told.credits(key.account()))
                    .isEqualTo(ledger.credits(key.account()).value());
            assertThat(told.balance(key.account()))
                    .isEqualTo(ledger.balance(key.account()).value());
        }
    }
}
