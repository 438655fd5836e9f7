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
                .finalCall(config.contract().address(), Calls.credits(ALICE.account()));
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

    private EvmConfig deployed(Anvil anvil) throws Exception {
        var terms = Anvil.terms(ISSUER.account(), Account.ZERO);
        return anvil.deploy("mutated", terms, directory.resolve("deployer"));
    }
}
