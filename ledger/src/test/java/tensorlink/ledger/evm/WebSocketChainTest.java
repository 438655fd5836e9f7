package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.Outcome.Recorded;

/** The ledger on anvil, reached over a WebSocket. */
class WebSocketChainTest {
    private static final AccountKey ISSUER = AccountKey.of(Bytes32.keccak("issuer"));
    private static final AccountKey ALICE = AccountKey.of(Bytes32.keccak("alice"));
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir private Path directory;

    private EvmConfig over(EvmConfig config, URI... endpoints) {
        var chain = EvmChain.of(Anvil.CHAIN_ID, List.of(endpoints));
        return new EvmConfig(
                config.networkId(), chain.withFinality(new Finality.Depth(0)), config.contract());
    }

    private EvmConfig deployed(Anvil anvil) throws Exception {
        var terms = Anvil.terms(ISSUER.account(), Account.ZERO);
        return anvil.deploy("socket", terms, directory.resolve("deployer"));
    }

    private EvmAccount account() {
        return new EvmAccount(Anvil.PAYER_OF_GAS, directory.resolve("journal"), Anvil.QUICK);
    }

    private static URI socket(Anvil anvil) {
        return URI.create("ws://" + anvil.uri().getAuthority());
    }

    @Test
    void requests_queries_and_events_go_over_a_socket_as_over_http() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = over(deployed(anvil), socket(anvil));
            try (var ledger = EvmLedger.open(config, account(), anvil::mineOne)) {
                var issuance = new Issuance(ISSUER.account(), ALICE.account(), Amount.of(5));

                assertThat(ledger.issue(ISSUER.sign(config.domain(), issuance)))
                        .isEqualTo(new Recorded());

                assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(5));
                var events = new ArrayList<>();
                ledger.events(Cursor.START, events::add);
                assertThat(events).hasSize(1);
            }
        }
    }

    @Test
    void a_socket_and_http_are_two_sources_that_agree_and_a_dead_socket_is_passed_over()
            throws Exception {
        int dead;
        try (var unused = new ServerSocket(0)) {
            dead = unused.getLocalPort();
        }
        try (var anvil = Anvil.start()) {
            var config =
                    over(
                            deployed(anvil),
                            URI.create("ws://127.0.0.1:" + dead),
                            socket(anvil),
                            anvil.uri());
            try (var ledger = EvmLedger.open(config, account(), anvil::mineOne)) {
                assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.ZERO);
            }
        }
    }

    @Test
    void an_event_is_seen_when_its_block_comes_and_not_when_it_is_polled_for() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = over(deployed(anvil), socket(anvil));
            try (var ledger = EvmLedger.open(config, account(), anvil::mineOne)) {
                var seen = new SynchronousQueue<EventFeed.News>();
                var following =
                        Thread.ofVirtual()
                                .start(() -> {
                                    try {
                                        var feed = ledger.feed(Cursor.START);
                                        var newHeads = ledger.newHeads();
                                        var news = new ArrayList<EventFeed.News>();
                                        while (news.isEmpty()) {
                                            feed.look(news::add);
                                            if (news.isEmpty()) {
                                                newHeads.await(LONG);
                                            }
                                        }
                                        seen.put(news.getFirst());
                                    } catch (java.io.IOException | InterruptedException e) {
                                        throw new AssertionError(e);
                                    }
                                });
                var issuance = new Issuance(ISSUER.account(), ALICE.account(), Amount.of(5));

                ledger.issue(ISSUER.sign(config.domain(), issuance));

                assertThat(seen.take()).isInstanceOf(EventFeed.News.Happened.class);
                following.join();
            }
        }
    }
}
