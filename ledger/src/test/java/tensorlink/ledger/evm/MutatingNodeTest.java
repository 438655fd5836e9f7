package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.Outcome.Recorded;
import tensorlink.ledger.evm.Transaction.SignedTransaction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What a node that lies, sleeps or forgets can do to money: nothing. */
class MutatingNodeTest {
    private static final AccountKey KEY = AccountKey.of(Bytes32.keccak("sender"));
    private static final AccountKey ISSUER = AccountKey.of(Bytes32.keccak("issuer"));
    private static final AccountKey ALICE = AccountKey.of(Bytes32.keccak("alice"));
    private static final Optional<Account> CONTRACT =
            Optional.of(AccountKey.of(Bytes32.keccak("contract")).account());
    private static final ByteString CALL = ByteString.copyFromUtf8("call");
    private static final JsonNode NULL = JsonMapper.shared().nullNode();
    private static final int DEPTH = 3;

    @TempDir private Path directory;
    private final FakeChain chain = new FakeChain(KEY.account());
    private final MutatingNode node = new MutatingNode(chain);

    private Sender sender() throws Exception {
        var settings =
                new SenderSettings(
                        BigInteger.valueOf(20_000_000_000L),
                        Duration.ofSeconds(1),
                        3,
                        Duration.ofSeconds(50));
        var reader = new Chain(node, new Finality.Depth(DEPTH), RpcLimits.defaults());
        return new Sender(
                new Sender.Surroundings(reader, Anvil.CHAIN_ID, _ -> chain.mine()),
                KEY,
                settings,
                SenderJournal.open(directory.resolve("journal"), Anvil.CHAIN_ID, KEY.account()));
    }

    private static JsonNode with(JsonNode object, String field, String value) {
        return ((ObjectNode) object.deepCopy()).put(field, value);
    }

    private void isNeverFinal() {
        assertThatThrownBy(
                        () -> {
                            try (var sender = sender()) {
                                sender.send(CONTRACT, CALL, 50_000);
                            }
                        })
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("is not final");
        assertThat(chain.shown.stream().map(SignedTransaction::nonce)).containsOnly(0L);
    }

    @Test
    void an_invented_receipt_of_a_block_that_the_chain_has_not_is_none() {
        chain.price = BigInteger.valueOf(1_000_000_000_000L);
        node.tells((method, truth, params) ->
                method.equals("eth_getTransactionReceipt")
                        ? FakeChain.json(
                                Map.of(
                                        "transactionHash",
                                        params[0],
                                        "blockNumber",
                                        "0x1",
                                        "blockHash",
                                        Bytes32.keccak("no block").toString(),
                                        "status",
                                        "0x1",
                                        "gasUsed",
                                        "0x5208",
                                        "logs",
                                        List.of()))
                        : truth);

        isNeverFinal();
        assertThat(chain.mined()).isEmpty();
    }

    @Test
    void a_receipt_of_another_transaction_is_refused() {
        node.tells((method, truth, params) ->
                method.equals("eth_getTransactionReceipt") && !truth.isNull()
                        ? with(truth, "transactionHash", Bytes32.keccak("another").toString())
                        : truth);

        assertThatThrownBy(
                        () -> {
                            try (var sender = sender()) {
                                sender.send(CONTRACT, CALL, 50_000);
                            }
                        })
                .isInstanceOf(RpcFormatException.class)
                .hasMessageContaining("of another transaction");
    }

    @Test
    void no_receipt_then_a_receipt_then_none_again_is_final_once_and_sent_with_one_nonce()
            throws Exception {
        int[] asked = {0};
        node.tells((method, truth, params) ->
                method.equals("eth_getTransactionReceipt") && asked[0]++ % 2 == 0 ? NULL : truth);

        try (var sender = sender()) {
            assertThat(sender.send(CONTRACT, CALL, 50_000).succeeded()).isTrue();
        }

        assertThat(chain.mined()).hasSize(1);
        assertThat(chain.shown.stream().map(SignedTransaction::nonce)).containsOnly(0L);
    }

    @Test
    void a_node_whose_newest_block_stays_the_same_makes_nothing_final() {
        node.tells((method, truth, params) ->
                method.equals("eth_blockNumber") ? FakeChain.json("0x1") : truth);

        isNeverFinal();
        assertThat(chain.mined()).hasSize(1);
    }

    @Test
    void a_node_that_sleeps_in_between_is_asked_again() throws Exception {
        int[] asked = {0};
        node.tells((method, truth, params) -> {
            if (chain.shown.size() > 0 && ++asked[0] % 7 == 0) {
                throw new RpcTransportException("asleep", null);
            }
            return truth;
        });

        try (var sender = sender()) {
            sender.send(CONTRACT, CALL, 50_000);
        }

        assertThat(chain.mined()).hasSize(1);
    }

    @Test
    void a_number_that_is_written_as_a_decimal_is_refused() {
        node.tells((method, truth, params) ->
                method.equals("eth_blockNumber") ? FakeChain.json("7") : truth);

        assertThatThrownBy(
                        () -> {
                            try (var sender = sender()) {
                                sender.send(CONTRACT, CALL, 50_000);
                            }
                        })
                .isInstanceOf(RpcFormatException.class)
                .hasMessageContaining("block number: expected 0x");
    }

    @Test
    void two_nodes_that_know_another_block_under_a_number_do_not_agree() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var other = new MutatingNode(anvil);
            var forked = new MutatingNode(anvil);
            forked.tells((method, truth, params) ->
                    method.equals("eth_getBlockByNumber") && truth.isObject()
                            ? with(truth, "hash", Bytes32.keccak("fork").toString())
                            : truth);
            var expected = new Endpoints.Expected(Anvil.CHAIN_ID, Optional.of(config.contract()));
            var honestOnly = new Endpoints(expected, List.of(other, other));
            var two = new Endpoints(expected, List.of(forked, other));

            assertThat(finalCall(honestOnly, config)).isNotEmpty();
            // No node has the invented block, so neither answers for it.
            assertThatThrownBy(() -> finalCall(two, config))
                    .isInstanceOfAny(RpcErrorException.class, DisagreementException.class);
        }
    }

    private static ByteString finalCall(Rpc rpc, EvmConfig config) throws Exception {
        return new Chain(rpc, new Finality.Depth(0), RpcLimits.defaults())
                .finalCall(
                        Optional.empty(),
                        config.contract().address(),
                        Calls.credits(ALICE.account()));
    }

    @Test
    void logs_that_a_node_drops_hide_events_and_change_no_balance() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var forgetful = new MutatingNode(anvil);
            var account =
                    new EvmAccount(Anvil.PAYER_OF_GAS, directory.resolve("sent"), Anvil.QUICK);
            try (var ledger =
                    EvmLedger.open(
                            config,
                            new Connection(forgetful, List.of(), new Heads()),
                            account,
                            anvil::mineOne)) {
                var issuance = new Issuance(ISSUER.account(), ALICE.account(), Amount.of(5));
                assertThat(ledger.issue(ISSUER.sign(config.domain(), issuance)))
                        .isEqualTo(new Recorded());
                forgetful.tells((method, truth, params) ->
                        method.equals("eth_getLogs") ? FakeChain.json(List.of()) : truth);

                var events = new ArrayList<LedgerEvent>();
                ledger.events(Cursor.START, events::add);

                assertThat(events).isEmpty();
                assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(5));
                assertThat(ledger.issued(ALICE.account())).isEqualTo(Amount.of(5));
            }
        }
    }

    /** What the first of two sources may do to an event of an amount of 2. */
    enum LogLie {
        DROPPED,
        ADDED,
        ALTERED;

        JsonNode of(JsonNode truth) {
            var told = JsonMapper.shared().createArrayNode();
            for (var log : truth) {
                boolean chosen = log.get("data").asString().endsWith("2");
                if (!chosen) {
                    told.add(log);
                    continue;
                }
                switch (this) {
                    case DROPPED -> {}
                    case ADDED -> told.add(log).add(with(log, "logIndex", "0x7"));
                    case ALTERED ->
                            told.add(with(log, "data", "0x" + "%064x".formatted(9).repeat(2)));
                }
            }
            return told;
        }
    }

    @ParameterizedTest
    @EnumSource
    void an_event_that_one_of_two_sources_drops_adds_or_alters_is_not_told(LogLie lie)
            throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var liar = new MutatingNode(anvil);
            try (var ledger = open(config, anvil, List.of(liar, anvil))) {
                for (int amount = 1; amount <= 3; amount++) {
                    issue(ledger, config, amount);
                }
                var honest = new ArrayList<LedgerEvent>();
                ledger.events(Cursor.START, honest::add);
                assertThat(honest).hasSize(3);
                liar.tells((method, truth, params) ->
                        method.equals("eth_getLogs") ? lie.of(truth) : truth);

                var events = new ArrayList<LedgerEvent>();
                assertThatThrownBy(() -> ledger.events(Cursor.START, events::add))
                        .isInstanceOf(LedgerException.class)
                        .hasMessageContaining(
                                "two endpoints do not say the same of event "
                                        + honest.get(1).at().position()
                                        + "/")
                        .hasMessageContaining(config.contract().address().toString());
                assertThat(events).isEqualTo(honest.subList(0, events.size())).hasSizeLessThan(2);
            }
        }
    }

    @Test
    void a_source_that_finds_a_range_too_large_is_asked_for_less_and_agrees() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var careful = new MutatingNode(anvil);
            try (var ledger = open(config, anvil, List.of(anvil, careful))) {
                issue(ledger, config, 1);
                issue(ledger, config, 2);
                careful.tells((method, truth, params) -> {
                    if (method.equals("eth_getLogs") && truth.size() > 1) {
                        throw RpcErrorException.of(
                                method,
                                FakeChain.json(Map.of("code", -32005, "message", "too many")));
                    }
                    return truth;
                });

                var events = new ArrayList<LedgerEvent>();
                ledger.events(Cursor.START, events::add);

                assertThat(events).hasSize(2);
            }
        }
    }

    @Test
    void what_one_of_two_sources_says_a_transaction_has_done_is_no_outcome() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var liar = new MutatingNode(anvil);
            try (var ledger = open(config, anvil, List.of(liar, anvil))) {
                liar.tells((method, truth, params) ->
                        method.equals("eth_getTransactionReceipt") && truth.isObject()
                                ? ((ObjectNode) truth.deepCopy())
                                        .set("logs", JsonMapper.shared().createArrayNode())
                                : truth);

                assertThatThrownBy(() -> issue(ledger, config, 1))
                        .isInstanceOf(LedgerException.class)
                        .hasMessageContaining("two endpoints do not say the same of transaction");
            }
        }
    }

    @Test
    void a_source_that_has_a_receipt_later_than_the_other_is_waited_for() throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var late = new MutatingNode(anvil);
            int[] asked = {0};
            late.tells((method, truth, params) ->
                    method.equals("eth_getTransactionReceipt") && asked[0]++ < 3 ? NULL : truth);
            try (var ledger = open(config, anvil, List.of(anvil, late))) {
                issue(ledger, config, 1);

                assertThat(asked[0]).isGreaterThan(3);
            }
        }
    }

    @Test
    void what_is_final_for_one_of_two_sources_and_long_past_for_the_other_is_not_believed()
            throws Exception {
        try (var anvil = Anvil.start()) {
            var config = deployed(anvil);
            var stuck = new MutatingNode(anvil);
            try (var ledger = open(config, anvil, List.of(stuck, anvil))) {
                issue(ledger, config, 1);
                anvil.call("anvil_mine", "0x800");
                assertThat(ledger.credits(ALICE.account())).isEqualTo(Amount.of(1));
                stuck.tells((method, truth, params) ->
                        method.equals("eth_blockNumber") ? FakeChain.json("0x3") : truth);

                assertThatThrownBy(() -> ledger.credits(ALICE.account()))
                        .isInstanceOf(LedgerException.class)
                        .hasMessageContaining("two endpoints are at blocks 3 and ")
                        .hasMessageContaining("more than 1024 apart");
            }
        }
    }

    private EvmLedger open(EvmConfig config, Anvil anvil, List<Rpc> sources) throws Exception {
        var expected = new Endpoints.Expected(Anvil.CHAIN_ID, Optional.of(config.contract()));
        return EvmLedger.open(
                config,
                new Connection(new Endpoints(expected, sources), List.of(), new Heads()),
                new EvmAccount(Anvil.PAYER_OF_GAS, directory.resolve("sent"), Anvil.QUICK),
                anvil::mineOne);
    }

    private static void issue(EvmLedger ledger, EvmConfig config, long cumulative)
            throws Exception {
        var issuance = new Issuance(ISSUER.account(), ALICE.account(), Amount.of(cumulative));
        assertThat(ledger.issue(ISSUER.sign(config.domain(), issuance))).isEqualTo(new Recorded());
    }

    private EvmConfig deployed(Anvil anvil) throws Exception {
        var terms = Anvil.terms(ISSUER.account(), Account.ZERO);
        return anvil.deploy("mutated", terms, directory.resolve("deployer"));
    }
}
