package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerEvent;
import tensorlink.ledger.LedgerEvent.Change;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tools.jackson.databind.JsonNode;

/** Events as a node must not tell them: an error that names the field, and nothing is believed. */
class LyingNodeTest {
    private static final Account CONTRACT = account("contract");
    private static final Account ALICE = account("alice");
    private static final String TOPIC =
            Bytes32.keccak("Issued(address,uint128,uint128)").toString();
    private static final String AMOUNTS = "0x" + word(5) + word(7);

    private List<Map<String, Object>> logs = List.of(log(3, 0), log(3, 4), log(5, 1));
    private final List<LedgerEvent> told = new ArrayList<>();

    @Test
    void an_honest_answer_is_told() throws Exception {
        tell(Cursor.START);

        assertThat(told).hasSize(3);
        assertThat(told.getFirst().at()).isEqualTo(new Cursor(3, 0));
        assertThat(told.getFirst().change())
                .isEqualTo(new Change.Issued(ALICE, Amount.of(5), Amount.of(7)));
    }

    @Test
    void whoever_goes_on_in_the_middle_of_a_block_sees_the_rest_of_it() throws Exception {
        tell(told(0).next());

        assertThat(told).hasSize(2);
    }

    private static Cursor told(int offset) {
        return new Cursor(3, offset);
    }

    private static Stream<Arguments> lies() {
        return Stream.of(
                lie("log", "of contract", log -> with(log, "address", ALICE.toString())),
                lie("log", "was dropped", log -> with(log, "removed", true)),
                lie("log topics", "more than 4", log -> with(log, "topics", topics(5))),
                lie("log topics", "not an event", log -> with(log, "topics", topics(0))),
                lie("event account", "missing", log -> with(log, "topics", topics(1))),
                lie("event cumulative", "missing", log -> with(log, "data", "0x" + word(5))),
                lie("event amount", "bits", log -> with(log, "data", "0x" + "ff".repeat(64))),
                lie("log data", "hexadecimal", log -> with(log, "data", "0xzz")),
                lie("log data", "at most", log -> with(log, "data", "0x" + "00".repeat(65_537))),
                lie("log blockNumber", "expected 0x", log -> with(log, "blockNumber", "5")),
                lie("log", "asked for 0 to 9", log -> with(log, "blockNumber", "0xa")),
                lie("log", "comes after", log -> with(log, "blockNumber", "0x2")),
                lie("log logIndex", "in one block", log -> with(log, "logIndex", "0xffffffff")),
                lie("log", "the chain has", log -> with(log, "blockHash", hash(6))));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("lies")
    void a_lie_is_refused_by_the_name_of_its_field(
            String field, String problem, UnaryOperator<Map<String, Object>> lie) {
        logs = List.of(logs.get(0), logs.get(1), lie.apply(logs.get(2)));

        assertThatThrownBy(() -> tell(Cursor.START))
                .isInstanceOfSatisfying(
                        RpcFormatException.class, e -> assertThat(e.field()).isEqualTo(field))
                .hasMessageContaining(problem);
        assertThat(told).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void the_same_event_twice_is_refused() {
        logs = List.of(log(3, 0), log(3, 0));

        assertThatThrownBy(() -> tell(Cursor.START)).hasMessageContaining("3/0 comes after 3/0");
    }

    @Test
    void more_logs_than_the_limit_are_refused_and_as_many_are_told() throws Exception {
        logs = List.of(log(3, 0), log(3, 1), log(3, 2));
        new EventLog(chain(3), deployment(), EventLog.Word.ONE).tell(Cursor.START, 9, told::add);
        assertThat(told).hasSize(3);

        assertThatThrownBy(() ->
                        new EventLog(chain(2), deployment(), EventLog.Word.ONE)
                                .tell(Cursor.START, 9, told::add))
                .hasMessageContaining("at most 2, got 3");
    }

    private void tell(Cursor from) throws Exception {
        new EventLog(chain(10), deployment(), EventLog.Word.ONE).tell(from, 9, told::add);
    }

    private static Deployment deployment() {
        return new Deployment(CONTRACT, Bytes32.ZERO, 0);
    }

    private Chain chain(int logsMax) {
        var defaults = RpcLimits.defaults();
        var limits = new RpcLimits(defaults.timeout(), defaults.answerBytesMax(), logsMax);
        return new Chain(this::answer, new Finality.Depth(0), limits);
    }

    private JsonNode answer(String method, Object... params) {
        return switch (method) {
            case "eth_getLogs" -> FakeChain.json(logs);
            case "eth_getBlockByNumber" -> {
                int number = Integer.parseInt(params[0].toString().substring(2), 16);
                yield FakeChain.json(
                        Map.of(
                                "number",
                                params[0],
                                "hash",
                                hash(number),
                                "parentHash",
                                hash(number - 1),
                                "timestamp",
                                "0x6955b900"));
            }
            default -> throw new AssertionError(method);
        };
    }

    private static Arguments lie(
            String field, String problem, UnaryOperator<Map<String, Object>> lie) {
        return Arguments.of(field, problem, lie);
    }

    private static Map<String, Object> with(Map<String, Object> log, String field, Object value) {
        var changed = new HashMap<>(log);
        changed.put(field, value);
        return changed;
    }

    private static Map<String, Object> log(int block, int index) {
        return Map.of(
                "address", RpcValue.hex(CONTRACT.bytes()),
                "blockNumber", RpcValue.quantity(block),
                "blockHash", hash(block),
                "logIndex", RpcValue.quantity(index),
                "topics", topics(2),
                "data", AMOUNTS);
    }

    private static List<String> topics(int count) {
        var alice = "0x" + "00".repeat(12) + RpcValue.hex(ALICE.bytes()).substring(2);
        var topics = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            topics.add(i == 0 ? TOPIC : alice);
        }
        return topics;
    }

    private static String hash(int number) {
        return Bytes32.keccak("block " + number).toString();
    }

    private static Account account(String name) {
        return AccountKey.of(Bytes32.keccak(name)).account();
    }

    private static String word(long value) {
        return "%064x".formatted(value);
    }
}
