package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.evm.EventFeed.News;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Blocks that are missing, do not follow each other, or are others than before. */
class EventFeedTest {
    private static final Deployment CONTRACT =
            new Deployment(AccountKey.of(Bytes32.keccak("contract")).account(), Bytes32.ZERO, 0);
    private static final String TOPIC =
            Bytes32.keccak("Issued(address,uint128,uint128)").toString();
    private static final String ALICE =
            "0x"
                    + "00".repeat(12)
                    + AccountKey.of(Bytes32.keccak("alice")).account().toString().substring(2);

    /** The fork that each block is of; each block has one event. */
    private final TreeMap<Long, String> blocks = new TreeMap<>();

    private final List<String> told = new ArrayList<>();
    private long head;

    private final EventFeed feed;

    EventFeedTest() {
        var chain = new Chain(this::answer, new Finality.Depth(100), RpcLimits.defaults());
        feed =
                new EventFeed(
                        chain, new EventLog(chain, CONTRACT, EventLog.Word.ONE), new Cursor(1, 0));
        for (long number = 0; number <= 5; number++) {
            blocks.put(number, "a");
        }
        head = 5;
    }

    private void look() throws Exception {
        feed.look(news ->
                told.add(
                        switch (news) {
                            case News.Happened(var event) -> "+" + event.at().position();
                            case News.Retracted(var event) -> "-" + event.at().position();
                        }));
    }

    @Test
    void each_block_is_told_once() throws Exception {
        look();
        look();

        assertThat(told).containsExactly("+1", "+2", "+3", "+4", "+5");
    }

    @Test
    void a_gap_in_the_numbers_is_waited_for_and_nothing_beyond_it_is_told() throws Exception {
        blocks.remove(4L);

        look();
        assertThat(told).containsExactly("+1", "+2", "+3");
        blocks.put(4L, "a");
        look();

        assertThat(told).containsExactly("+1", "+2", "+3", "+4", "+5");
    }

    @Test
    void a_block_that_does_not_follow_the_one_before_is_not_told_until_that_is_taken_back()
            throws Exception {
        head = 4;
        look();
        blocks.replaceAll((number, fork) -> number >= 4 ? "b" : fork);
        head = 5;

        look();

        assertThat(told).containsExactly("+1", "+2", "+3", "+4", "-4", "+4", "+5");
    }

    @Test
    void a_newest_block_below_the_one_before_takes_nothing_back_that_is_still_there()
            throws Exception {
        look();
        head = 2;

        look();

        assertThat(told).hasSize(5);
    }

    @Test
    void blocks_that_are_gone_take_their_events_along_newest_first() throws Exception {
        look();
        blocks.keySet().removeIf(number -> number > 3);
        head = 3;

        look();

        assertThat(told.subList(5, 7)).containsExactly("-5", "-4");
    }

    @Test
    void a_block_with_another_number_than_asked_for_is_refused() {
        head = 1_000;
        blocks.put(6L, "misnumbered");

        assertThatThrownBy(this::look)
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("asked for 6, got 7");
    }

    private JsonNode answer(String method, Object... params) {
        return switch (method) {
            case "eth_blockNumber" -> FakeChain.json(RpcValue.quantity(head));
            case "eth_getBlockByNumber" -> header(number(params[0]));
            case "eth_getLogs" -> {
                var filter = (Map<?, ?>) params[0];
                var logs = new ArrayList<Map<String, Object>>();
                for (long i = number(String.valueOf(filter.get("fromBlock")));
                        i <= number(String.valueOf(filter.get("toBlock")));
                        i++) {
                    if (blocks.containsKey(i)) {
                        logs.add(log(i));
                    }
                }
                yield FakeChain.json(logs);
            }
            default -> throw new AssertionError(method);
        };
    }

    private static long number(Object quantity) {
        return Long.parseLong(quantity.toString().substring(2), 16);
    }

    private JsonNode header(long number) {
        var fork = blocks.get(number);
        return fork == null
                ? JsonMapper.shared().nullNode()
                : FakeChain.json(
                        Map.of(
                                "number",
                                RpcValue.quantity(fork.equals("misnumbered") ? number + 1 : number),
                                "hash",
                                hash(number),
                                "parentHash",
                                hash(number - 1),
                                "timestamp",
                                "0x6955b900"));
    }

    private String hash(long number) {
        return Bytes32.keccak(number + " of " + blocks.getOrDefault(number, "none")).toString();
    }

    private Map<String, Object> log(long block) {
        return Map.of(
                "address", RpcValue.hex(CONTRACT.address().bytes()),
                "blockNumber", RpcValue.quantity(block),
                "blockHash", hash(block),
                "logIndex", "0x0",
                "topics", List.of(TOPIC, ALICE),
                "data", "0x" + "%064x".formatted(5) + "%064x".formatted(5));
    }
}
