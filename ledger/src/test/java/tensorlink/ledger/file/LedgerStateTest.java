package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.Voucher;

/** The pure rules, in far more sequences than signatures would leave time for. */
class LedgerStateTest {
    private static final int SEQUENCES = Integer.getInteger("ledger.sequences", 2_000);
    private static final int REQUESTS = 60;

    private static final Signature65 ANY = AccountKey.of(Bytes32.keccak("any")).sign(Bytes32.ZERO);

    private static final Account ISSUER = account(99);
    private static final List<Account> ACCOUNTS = List.of(account(1), account(2), account(3));

    private static Account account(int number) {
        return AccountKey.of(Bytes32.keccak("account " + number)).account();
    }

    @Test
    void money_is_conserved_over_random_sequences_of_requests_of_any_size() {
        for (int i = 0; i < SEQUENCES; i++) {
            long seed = 7_000_003L * i + 1;
            try {
                run(new SplittableRandom(seed), i % 2 == 0);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    /** Small sums meet each other's limits often, large ones those of the numbers. */
    private static void run(RandomGenerator random, boolean small) {
        var state = new LedgerState(Domain.privateNetwork("lab"), ISSUER);
        int accepted = 0;
        for (int i = 0; i < REQUESTS; i++) {
            var asked = request(random, small);
            var before = totals(state);
            switch (state.decide(asked)) {
                case Decision.Accept(var entry, var _) -> {
                    assertThat(state.decide(entry))
                            .isInstanceOfSatisfying(
                                    Decision.Accept.class,
                                    again -> assertThat(again.entry()).isEqualTo(entry));
                    state.apply(entry, Instant.EPOCH);
                    assertThat(state.decide(entry)).isEqualTo(Decision.noChange());
                    accepted++;
                }
                case Decision.Answer _ -> assertThat(totals(state)).isEqualTo(before);
            }
            totals(state).check();
        }
        assertThat(accepted).isPositive();
    }

    private static Entry request(RandomGenerator random, boolean small) {
        return switch (random.nextInt(4)) {
            case 0 ->
                    new Entry.Issued(
                            new Signed<>(
                                    new Issuance(ISSUER, any(random), sum(random, small)), ANY),
                            Amount.ZERO);
            case 1 ->
                    new Entry.Deposited(
                            new Signed<>(new Deposit(any(random), sum(random, small)), ANY),
                            Amount.ZERO);
            default -> {
                var payments = new ArrayList<Entry.Payment>();
                for (int i = random.nextInt(5); i >= 0; i--) {
                    var voucher =
                            new Voucher(
                                    any(random),
                                    any(random),
                                    sum(random, small),
                                    Instant.EPOCH,
                                    Bytes32.ZERO);
                    payments.add(new Entry.Payment(new Signed<>(voucher, ANY), Amount.ZERO));
                }
                yield new Entry.Settled(payments);
            }
        };
    }

    private static Account any(RandomGenerator random) {
        return ACCOUNTS.get(random.nextInt(ACCOUNTS.size()));
    }

    private static Amount sum(RandomGenerator random, boolean small) {
        return small ? Amount.of(random.nextInt(200)) : new Draw(random).amount();
    }

    private static Totals totals(LedgerState state) {
        var totals =
                new Totals(
                        BigInteger.ZERO,
                        BigInteger.ZERO,
                        BigInteger.ZERO,
                        BigInteger.ZERO,
                        BigInteger.ZERO);
        for (var account : ACCOUNTS) {
            var paid = BigInteger.ZERO;
            for (var payee : ACCOUNTS) {
                paid = paid.add(state.redeemed(account, payee).value());
            }
            totals =
                    new Totals(
                            totals.issued.add(state.issued(account).value()),
                            totals.credits.add(state.credits(account).value()),
                            totals.deposited.add(state.deposited(account).value()),
                            totals.balances.add(state.balance(account).value()),
                            totals.paid.add(paid));
        }
        return totals;
    }

    private record Totals(
            BigInteger issued,
            BigInteger credits,
            BigInteger deposited,
            BigInteger balances,
            BigInteger paid) {

        void check() {
            assertThat(credits.add(balances)).as("credits + balances = issued").isEqualTo(issued);
            assertThat(balances.add(paid)).as("balances + paid = deposited").isEqualTo(deposited);
        }
    }
}
