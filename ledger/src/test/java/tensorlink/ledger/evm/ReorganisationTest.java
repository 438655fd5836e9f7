package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.Outcome.Recorded;

/** The chain drops blocks that it had. */
class ReorganisationTest {
    private static final AccountKey ISSUER = AccountKey.of(Bytes32.keccak("issuer"));
    private static final AccountKey ALICE = AccountKey.of(Bytes32.keccak("alice"));

    @TempDir private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64})
    void what_a_dropped_block_had_is_told_as_retracted_sent_again_and_final_once(int depth)
            throws Exception {
        try (var anvil = Anvil.start()) {
            var config =
                    anvil.deploy(
                            "reorg",
                            Anvil.terms(ISSUER.account(), Account.ZERO),
                            directory.resolve("deployer"));
            var news = new ArrayList<EventFeed.News>();
            var followers = new ArrayList<EventFeed>();
            int[] blocks = {0};
            Pause pause =
                    _ -> {
                        try {
                            followers.getFirst().look(news::add);
                            // The block with the transaction is as deep as it says by now.
                            if (++blocks[0] == depth) {
                                anvil.call("anvil_reorg", depth, List.of());
                            } else {
                                anvil.mine(1);
                            }
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    };
            var deeper =
                    new EvmConfig(
                            "reorg",
                            config.chain().withFinality(new Finality.Depth(depth + 1)),
                            config.contract());
            anvil.mine(depth + 2);
            var account =
                    new EvmAccount(Anvil.PAYER_OF_GAS, directory.resolve("journal"), Anvil.QUICK);
            try (var ledger = EvmLedger.open(deeper, account, pause)) {
                followers.add(ledger.feed(Cursor.START));
                var issuance = new Issuance(ISSUER.account(), ALICE.account(), Amount.of(5));

                var outcome = ledger.issue(ISSUER.sign(deeper.domain(), issuance));

                followers.getFirst().look(news::add);
                assertThat(outcome).isEqualTo(new Recorded());
                assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(5));
                var events = new ArrayList<LedgerEvent>();
                ledger.events(Cursor.START, events::add);
                assertThat(events).hasSize(1);
                assertThat(news).hasSize(3);
                assertThat(news.get(0)).isInstanceOf(EventFeed.News.Happened.class);
                assertThat(news.get(1))
                        .isEqualTo(
                                new EventFeed.News.Retracted(
                                        ((EventFeed.News.Happened) news.get(0)).event()));
                assertThat(news.get(2)).isEqualTo(new EventFeed.News.Happened(events.getFirst()));
            }
        }
    }
}
