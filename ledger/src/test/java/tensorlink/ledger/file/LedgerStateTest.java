package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Draw;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Lock;
import tensorlink.ledger.Message;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RewardTree;
import tensorlink.ledger.RootCancel;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Unstake;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.Withdrawal;

/** The pure rules, in far more sequences than signatures would leave time for. */
class LedgerStateTest {
    private static final int SEQUENCES = Integer.getInteger("ledger.sequences", 100_000);
    private static final int REQUESTS = 25;

    private static final Signature65 ANY = AccountKey.of(Bytes32.keccak("any")).sign(Bytes32.ZERO);

    private static final Account ISSUER = account(99);
    private static final List<Account> ACCOUNTS = List.of(account(1), account(2), account(3));
    private static final Domain DOMAIN = Domain.privateNetwork("lab");

    private static Account account(int number) {
        return AccountKey.of(Bytes32.keccak("account " + number)).account();
    }

    @Test
    void money_is_conserved_over_random_sequences_of_requests_of_any_size() {
        long accepted = 0;
        for (int i = 0; i < SEQUENCES; i++) {
            long seed = 7_000_003L * i + 1;
            try {
                accepted += new Sequence(new SplittableRandom(seed), i % 2 == 0).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }

        assertThat(accepted).isGreaterThan(5L * SEQUENCES);
    }

    /** One sequence. Small sums meet each other's limits often, large ones those of the numbers. */
    private static final class Sequence {
        private final RandomGenerator random;
        private final boolean small;
        private final LedgerState state = new LedgerState(DOMAIN, ISSUER);
        private Instant now = Instant.EPOCH;
        private BigInteger burned = BigInteger.ZERO;
        private RewardTree tree = RewardTree.of(Map.of());

        Sequence(RandomGenerator random, boolean small) {
            this.random = random;
            this.small = small;
        }

        /** How many requests were accepted. */
        int run() {
            int accepted = 0;
            for (int i = 0; i < REQUESTS; i++) {
                now = now.plusSeconds(random.nextInt(20));
                var asked = i < ACCOUNTS.size() ? grant(ACCOUNTS.get(i)) : request();
                if (state.decide(asked, now) instanceof Decision.Accept(var entry, var _)) {
                    enter(entry);
                    accepted++;
                }
                check();
            }
            return accepted;
        }

        private void enter(Entry entry) {
            if (!(state.decide(entry, now) instanceof Decision.Accept(var again, var _))
                    || !again.equals(entry)) {
                throw new AssertionError("decided otherwise the second time: " + entry);
            }
            state.apply(entry, now);
            if (entry instanceof Entry.Slashed slashed) {
                burned = burned.add(slashed.burned().value());
            }
            if (state.decide(entry, now) instanceof Decision.Accept) {
                throw new AssertionError("taken twice: " + entry);
            }
        }

        private Entry grant(Account account) {
            var sum = small ? Collaterals.STAKE_MIN.plus(Amount.of(300)) : sum();
            return new Entry.Issued(signed(new Issuance(ISSUER, account, sum)), Amount.ZERO);
        }

        private Entry request() {
            var one = any();
            var ends = now.plusSeconds(random.nextInt(60));
            return switch (random.nextInt(14)) {
                case 0 -> new Entry.Issued(signed(new Issuance(ISSUER, one, sum())), Amount.ZERO);
                case 1, 2 -> new Entry.Deposited(signed(new Deposit(one, sum())), Amount.ZERO);
                case 3 ->
                        new Entry.WithdrawalNoticed(
                                signed(new Withdrawal(one, sum())), Amount.ZERO, ends);
                case 4 -> new Entry.Withdrawn(one, Amount.ZERO);
                case 5 -> new Entry.Locked(signed(new Lock(one, any(), sum(), ends)));
                case 6 -> new Entry.Unlocked(one, any(), Amount.ZERO);
                case 7 -> new Entry.Funded(signed(new Funding(one, sum())), Amount.ZERO);
                case 8 -> stake(one, ends);
                case 9 -> root(ends);
                case 10 ->
                        new Entry.Claimed(
                                one,
                                tree.total(one),
                                tree.total(one).isZero() ? List.of() : tree.proof(one),
                                Amount.ZERO);
                default -> settlement();
            };
        }

        private Entry stake(Account validator, Instant ends) {
            var stake = small ? Collaterals.STAKE_MIN.plus(sum()) : sum();
            return switch (random.nextInt(5)) {
                case 0 ->
                        new Entry.UnstakeNoticed(
                                signed(new Unstake(validator, sum())),
                                Amount.ZERO,
                                ends,
                                Entry.Seat.SAME);
                case 1 -> new Entry.Unstaked(validator, Amount.ZERO);
                case 2 ->
                        new Entry.Slashed(
                                new Equivocation.Roots(
                                        validator,
                                        new RewardRoot(1, Bytes32.ZERO, Amount.ZERO, Bytes32.ZERO),
                                        ANY,
                                        new RewardRoot(1, Bytes32.ZERO, sum(), Bytes32.ZERO),
                                        ANY),
                                any(),
                                Amount.ZERO,
                                Amount.ZERO,
                                Entry.Seat.SAME);
                default ->
                        new Entry.Staked(
                                signed(new Stake(validator, stake)), Amount.ZERO, Entry.Seat.SAME);
            };
        }

        private Entry root(Instant ends) {
            var all =
                    state.collaterals.validators().stream()
                            .map(it -> new Endorsement(it, ANY))
                            .toList();
            if (random.nextInt(4) == 0) {
                return new Entry.RootCancelled(new RootCancel(state.rewards.lastEpoch), all);
            }
            tree = RewardTree.of(Map.of(any(), Amount.of(random.nextInt(100))));
            return new Entry.RootPosted(tree.root(state.rewards.lastEpoch + 1), all, ends);
        }

        private Entry settlement() {
            var payments = new ArrayList<Entry.Payment>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                var voucher = new Voucher(any(), any(), sum(), Instant.EPOCH, Bytes32.ZERO);
                payments.add(new Entry.Payment(signed(voucher), Amount.ZERO));
            }
            return new Entry.Settled(payments);
        }

        private static <M extends Message> Signed<M> signed(M message) {
            return new Signed<>(message, ANY);
        }

        private Account any() {
            return ACCOUNTS.get(random.nextInt(ACCOUNTS.size()));
        }

        private Amount sum() {
            return small ? Amount.of(random.nextInt(200)) : new Draw(random).amount();
        }

        /** Numbers only: an assertion's words would cost more than all the rest. */
        private void check() {
            var held = state.rewards.pool.value();
            var issued = BigInteger.ZERO;
            for (var account : ACCOUNTS) {
                var purse = state.deposits.purse(account);
                var paid = BigInteger.ZERO;
                var locked = BigInteger.ZERO;
                for (var payee : ACCOUNTS) {
                    var pair = state.deposits.pair(account, payee);
                    paid = paid.add(pair.redeemed().value());
                    locked = locked.add(pair.locked().value());
                }
                require(
                        purse.balance().value().add(paid).add(purse.withdrawn().value()),
                        purse.deposited().value(),
                        "balance + paid + withdrawn = deposited");
                require(purse.locked().value(), locked, "the locks add up");
                if (purse.locked().isMoreThan(purse.balance())) {
                    throw new AssertionError("locks are not covered: " + purse);
                }
                held =
                        held.add(state.credits.of(account).value())
                                .add(purse.balance().value())
                                .add(state.collaterals.of(account).collateral().value());
                issued = issued.add(state.credits.issued(account).value());
            }
            require(held.add(burned), issued, "held + burned = issued");
            require(state.credits.supply.value().add(burned), issued, "supply + burned = issued");
            int seats = state.collaterals.validators().size();
            if (seats != state.collaterals.count()) {
                throw new AssertionError(seats + " validate, counted " + state.collaterals.count());
            }
        }

        private static void require(BigInteger found, BigInteger expected, String rule) {
            if (!found.equals(expected)) {
                throw new AssertionError(rule + ": " + found + ", expected " + expected);
            }
        }
    }
}
