package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.evm.Transaction.SignedTransaction;

/** Gets transactions into blocks of a {@link FakeChain}, whatever happens to them. */
class SenderTest {
    private static final AccountKey KEY = AccountKey.of(Bytes32.keccak("sender"));
    private static final Optional<Account> CONTRACT =
            Optional.of(AccountKey.of(Bytes32.keccak("contract")).account());
    private static final ByteString CALL = ByteString.copyFromUtf8("call");
    private static final BigInteger GWEI = BigInteger.valueOf(1_000_000_000);

    @TempDir private Path directory;
    private final FakeChain chain = new FakeChain(KEY.account());

    @Test
    void a_transaction_is_final_when_enough_blocks_are_on_it() throws Exception {
        try (var sender = sender(3, _ -> chain.mine())) {
            var receipt = sender.send(CONTRACT, CALL, 50_000);

            assertThat(receipt.succeeded()).isTrue();
            assertThat(chain.call("eth_blockNumber").asString())
                    .isEqualTo(RpcValue.quantity(receipt.block() + 3));
            assertThat(chain.mined()).hasSize(1);
        }
    }

    @Test
    void what_waits_too_long_offers_an_eighth_more_until_a_node_takes_it() throws Exception {
        chain.price = GWEI.multiply(BigInteger.TWO);
        try (var sender = sender(0, _ -> chain.mine())) {
            sender.send(CONTRACT, CALL, 50_000);
        }

        var tips = chain.shown.stream().map(shown -> shown.transaction().fee().tip()).toList();
        assertThat(tips.getFirst()).isEqualTo(GWEI);
        assertThat(tips.getLast()).isGreaterThanOrEqualTo(chain.price);
        for (int i = 1; i < tips.size(); i++) {
            assertThat(tips.get(i).multiply(BigInteger.valueOf(8)))
                    .isGreaterThanOrEqualTo(tips.get(i - 1).multiply(BigInteger.valueOf(9)));
        }
        assertThat(chain.mined()).hasSize(1);
    }

    @Test
    void no_offer_is_above_the_ceiling() {
        chain.price = GWEI.multiply(BigInteger.valueOf(1_000));

        assertThatThrownBy(
                        () -> {
                            try (var sender = sender(0, _ -> chain.mine())) {
                                sender.send(CONTRACT, CALL, 50_000);
                            }
                        })
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("is not final");

        assertThat(chain.shown).hasSizeGreaterThan(3);
        assertThat(chain.shown)
                .allSatisfy(shown ->
                        assertThat(shown.transaction().fee().cap())
                                .isLessThanOrEqualTo(settings().feeCeiling()));
    }

    @Test
    void what_a_dropped_block_had_is_shown_again() throws Exception {
        int[] pauses = {0};
        try (var sender =
                sender(
                        4,
                        _ -> {
                            chain.mine();
                            if (++pauses[0] == 3) {
                                chain.drop(3);
                            }
                        })) {
            var receipt = sender.send(CONTRACT, CALL, 50_000);

            assertThat(receipt.block()).isGreaterThan(3);
        }
        assertThat(chain.mined()).hasSize(1);
        assertThat(chain.shown.stream().map(SignedTransaction::nonce)).containsOnly(0L);
    }

    @Test
    void what_was_lost_on_its_way_is_shown_again() throws Exception {
        chain.deaf = true;
        int[] pauses = {0};
        try (var sender =
                sender(
                        0,
                        _ -> {
                            chain.deaf = ++pauses[0] < 3;
                            chain.mine();
                        })) {
            sender.send(CONTRACT, CALL, 50_000);
        }

        assertThat(chain.mined()).hasSize(1);
    }

    @Test
    void a_crash_between_journal_and_broadcast_uses_no_nonce_twice() throws Exception {
        chain.deaf = true;
        assertThatThrownBy(
                        () -> {
                            try (var sender =
                                    sender(
                                            0,
                                            _ -> {
                                                throw new InterruptedException("killed");
                                            })) {
                                sender.send(CONTRACT, CALL, 50_000);
                            }
                        })
                .isInstanceOf(InterruptedException.class);
        chain.deaf = false;

        try (var sender = sender(0, _ -> chain.mine())) {
            sender.resume();
            chain.mine();
            sender.send(CONTRACT, ByteString.copyFromUtf8("second"), 50_000);
        }

        assertThat(chain.mined().stream().map(SignedTransaction::nonce)).containsExactly(0L, 1L);
        assertThat(chain.mined().getFirst().transaction().data()).isEqualTo(CALL);
    }

    @Test
    void a_missing_nonce_below_is_filled_with_a_payment_of_nothing_to_oneself() throws Exception {
        var journal = SenderJournal.open(journal(), Anvil.CHAIN_ID, KEY.account());
        journal.sent(transaction(1, "of an earlier run"));
        journal.close();

        try (var sender = sender(0, _ -> chain.mine())) {
            sender.send(CONTRACT, CALL, 50_000);
        }

        assertThat(chain.mined().stream().map(SignedTransaction::nonce))
                .containsExactly(0L, 1L, 2L);
        assertThat(chain.mined().getFirst().transaction().to()).contains(KEY.account());
        assertThat(chain.mined().getFirst().transaction().data()).isEmpty();
    }

    @Test
    void a_nonce_that_another_program_took_is_left_to_it() throws Exception {
        chain.price = GWEI.multiply(BigInteger.TEN);
        int[] pauses = {0};
        try (var sender =
                sender(
                        0,
                        _ -> {
                            if (++pauses[0] == 1) {
                                chain.mineOther(transaction(0, "another's"));
                                chain.price = GWEI;
                            } else {
                                chain.mine();
                            }
                        })) {
            sender.send(CONTRACT, CALL, 50_000);
        }

        assertThat(chain.mined()).hasSize(2);
        assertThat(chain.mined().getLast().nonce()).isEqualTo(1);
        assertThat(chain.mined().getLast().transaction().data()).isEqualTo(CALL);
    }

    private SignedTransaction transaction(long nonce, String data) {
        return new Transaction(
                        Anvil.CHAIN_ID,
                        nonce,
                        new Fee(GWEI, GWEI.multiply(BigInteger.TEN)),
                        50_000,
                        CONTRACT,
                        ByteString.copyFromUtf8(data))
                .sign(KEY);
    }

    private Sender sender(int depth, Pause pause) throws Exception {
        var reader = new Chain(chain, new Finality.Depth(depth), RpcLimits.defaults());
        return new Sender(
                new Sender.Surroundings(reader, Anvil.CHAIN_ID, pause),
                KEY,
                settings(),
                SenderJournal.open(journal(), Anvil.CHAIN_ID, KEY.account()));
    }

    private Path journal() {
        return directory.resolve("journal");
    }

    private static SenderSettings settings() {
        return new SenderSettings(
                GWEI.multiply(BigInteger.valueOf(20)),
                Duration.ofSeconds(1),
                3,
                Duration.ofSeconds(100));
    }
}
