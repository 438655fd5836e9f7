package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.ledger.TestClock;
import tensorlink.ledger.evm.ScriptedSocket.Door;
import tools.jackson.databind.JsonNode;

/** Endpoints over a WebSocket that are broken, hostile or slow. */
class WebSocketRpcTest {
    private static final RpcLimits LIMITS = RpcLimits.defaults().withAnswerBytesMax(40_000);
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofMinutes(2);

    private final TestClock clock = new TestClock();
    private final Heads heads = new Heads();
    private ScriptedSocket server;
    private WebSocketRpc rpc;

    @BeforeEach
    void listen() throws IOException {
        server = new ScriptedSocket();
        rpc = open(LIMITS);
    }

    @AfterEach
    void stop() throws IOException {
        rpc.close();
        server.close();
    }

    private WebSocketRpc open(RpcLimits limits) {
        return new WebSocketRpc(server.uri(), limits, clock, heads::tell);
    }

    @Test
    void one_connection_carries_all_questions() throws Exception {
        assertThat(rpc.call("eth_chainId").asString()).isEqualTo("0x1");
        assertThat(rpc.call("eth_blockNumber").asString()).isEqualTo("0x1");

        assertThat(server.handshakes()).isEqualTo(1);
    }

    @Test
    void answers_in_another_order_find_their_questions() throws Exception {
        var questions = new ArrayList<JsonNode>();
        server.script((peer, question) -> {
            questions.add(question);
            if (questions.size() == 3) {
                for (var asked : questions.reversed()) {
                    peer.result(asked, asked.get("method").asString());
                }
            }
        });

        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var calls = new ArrayList<Callable<String>>();
            for (var method : List.of("a", "b", "c")) {
                calls.add(() -> method + rpc.call(method).asString());
            }
            var answers = new ArrayList<String>();
            for (var answer : callers.invokeAll(calls)) {
                answers.add(answer.get());
            }
            assertThat(answers).containsExactly("aa", "bb", "cc");
        }
    }

    @Test
    void a_refusal_is_an_answer_and_the_connection_stays() throws Exception {
        server.script((peer, question) ->
                peer.text(
                        "{\"id\":"
                                + question.get("id")
                                + ",\"error\":{\"code\":3,\"message\":\"execution"
                                + " reverted\",\"data\":\"0x6c1a4ddd\"}}"));

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> rpc.call("eth_call"))
                    .isInstanceOfSatisfying(
                            RpcErrorException.class,
                            e -> {
                                assertThat(e.code()).isEqualTo(3);
                                assertThat(e.revertData().map(RpcValue::hex))
                                        .contains("0x6c1a4ddd");
                            });
        }
        assertThat(server.handshakes()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<html>busy</html> | not JSON",
                "'' | not a JSON object",
                "[] | not a JSON object",
                "{\"id\":7,\"result\":\"0x1\"} | an answer to no question",
                "{\"id\":0,\"result\":\"0x1\"} | an answer to no question",
                "{\"id\":null,\"error\":{\"code\":-32700}} | an answer to no question",
                "{\"id\":\"1\",\"result\":\"0x1\"} | an answer to no question",
                "{\"id\":1e99,\"result\":\"0x1\"} | an answer to no question",
                "{\"result\":\"0x1\"} | an answer to no question",
                "{\"id\":1,\"result\":\"0x1\",\"result\":\"0x2\"} | not JSON",
                "{\"method\":\"eth_subscription\",\"params\":{}} | nobody asked for",
                "{\"method\":7} | nobody asked for",
            })
    void what_no_node_would_send_ends_the_connection(String message, String problem)
            throws Exception {
        server.script((peer, question) -> peer.text(message));

        assertThatThrownBy(() -> rpc.call("eth_chainId"))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining(problem)
                .hasMessageNotContaining("key-of-a-provider");

        server.script((peer, question) -> peer.result(question, "0x2"));
        assertThatThrownBy(() -> rpc.call("eth_chainId")).hasMessageContaining("rests");
        clock.advance(WebSocketRpc.REST_MIN);
        assertThat(rpc.call("eth_chainId").asString()).isEqualTo("0x2");
        assertThat(server.handshakes()).isEqualTo(2);
    }

    @Test
    void an_answer_without_result_and_error_is_none() {
        server.script((peer, question) -> peer.text("{\"id\":" + question.get("id") + "}"));

        assertThatThrownBy(() -> rpc.call("any"))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining("neither result nor error");
    }

    @Test
    void deep_nesting_ends_the_connection() {
        var deep = "{\"id\":1,\"result\":" + "[".repeat(40) + "]".repeat(40) + "}";
        server.script((peer, question) -> peer.text(deep));

        assertThatThrownBy(() -> rpc.call("any"))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining("not JSON");
    }

    @Test
    void an_answer_is_as_long_as_the_limit_says_and_not_a_byte_longer() throws Exception {
        int rest = LIMITS.answerBytesMax() - "{\"id\":1,\"result\":\"\"}".length();
        var room = new AtomicInteger(rest);
        server.script((peer, question) -> peer.result(question, "x".repeat(room.get())));
        assertThat(rpc.call("any").asString()).hasSize(rest);

        room.incrementAndGet();
        assertThatThrownBy(() -> rpc.call("any"))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining("more than 40000 bytes");
    }

    @Test
    void characters_of_several_bytes_count_as_such() {
        int half = LIMITS.answerBytesMax() / 2;
        server.script((peer, question) -> peer.result(question, "é".repeat(half)));

        assertThatThrownBy(() -> rpc.call("any")).hasMessageContaining("more than 40000 bytes");
    }

    @Test
    void a_message_that_is_no_text_ends_the_connection() {
        server.script((peer, question) -> peer.binary("{\"id\":1,\"result\":\"0x1\"}"));

        assertThatThrownBy(() -> rpc.call("any"))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining("no text");
    }

    @Test
    void an_endpoint_that_hangs_up_in_the_middle_of_an_answer_has_not_answered() {
        server.script((peer, question) -> peer.half("{\"id\":1,\"result\":\"0x1\""));

        assertThatThrownBy(() -> rpc.call("any")).isInstanceOf(RpcTransportException.class);
    }

    @Test
    void an_endpoint_that_closes_fails_every_question_that_waits() throws Exception {
        var asked = new AtomicInteger();
        server.script((peer, question) -> {
            if (asked.incrementAndGet() == 3) {
                peer.close(1001);
            }
        });

        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var calls = new ArrayList<Callable<JsonNode>>();
            for (int i = 0; i < 3; i++) {
                calls.add(() -> rpc.call("any"));
            }
            for (var answer : callers.invokeAll(calls)) {
                assertThatThrownBy(answer::get)
                        .isInstanceOf(ExecutionException.class)
                        .cause()
                        .isInstanceOf(RpcTransportException.class)
                        .hasMessageContaining("status 1001");
            }
        }
    }

    @Test
    void a_silent_endpoint_is_given_up_in_time_with_its_connection() {
        server.script((peer, question) -> {});

        try (var hasty = open(LIMITS.withTimeout(SOON))) {
            assertThatThrownBy(() -> hasty.call("any"))
                    .isInstanceOf(RpcTransportException.class)
                    .hasMessageContaining("no answer within");
            assertThatThrownBy(() -> hasty.call("any")).hasMessageContaining("rests");
        }
    }

    @ParameterizedTest
    @EnumSource(names = "OPEN", mode = EnumSource.Mode.EXCLUDE)
    void a_handshake_that_fails_is_a_failure_of_transport(Door door) {
        server.door(door);

        try (var hasty = open(LIMITS.withTimeout(SOON))) {
            assertThatThrownBy(() -> hasty.call("any"))
                    .isInstanceOf(RpcTransportException.class)
                    .hasMessageContaining("connect")
                    .hasMessageNotContaining("key-of-a-provider");
        }
        assertThat(server.handshakes()).isEqualTo(1);
    }

    @Test
    void an_endpoint_that_fails_again_and_again_rests_twice_as_long_each_time() {
        server.door(Door.REFUSING);
        var rest = WebSocketRpc.REST_MIN;

        for (int failures = 1; failures <= 10; failures++) {
            assertThatThrownBy(() -> rpc.call("any")).hasMessageNotContaining("rests");
            assertThat(server.handshakes()).isEqualTo(failures);
            clock.advance(rest.minusMillis(1));
            assertThatThrownBy(() -> rpc.call("any")).hasMessageContaining("rests for " + rest);
            clock.advance(Duration.ofMillis(1));
            var twice = rest.multipliedBy(2);
            rest = twice.compareTo(WebSocketRpc.REST_MAX) > 0 ? WebSocketRpc.REST_MAX : twice;
        }
        assertThat(rest).isEqualTo(WebSocketRpc.REST_MAX);
    }

    @Test
    void a_clock_that_is_put_back_makes_no_rest_longer() {
        server.door(Door.REFUSING);
        assertThatThrownBy(() -> rpc.call("any")).isInstanceOf(RpcTransportException.class);

        clock.advance(Duration.ofDays(-1));

        assertThatThrownBy(() -> rpc.call("any")).hasMessageNotContaining("rests");
    }

    @Test
    void a_connection_that_was_useful_and_is_lost_is_made_anew_at_once() throws Exception {
        rpc.call("any");
        var seen = heads.told();

        server.newest().hangUp();
        heads.await(seen, LONG);

        assertThat(rpc.call("any").asString()).isEqualTo("0x1");
        assertThat(server.handshakes()).isEqualTo(2);
    }

    @Test
    void a_connection_that_is_lost_asks_nothing_of_the_next_one() throws Exception {
        var session = rpc.session();
        session.call("any");
        long seen = heads.told();

        server.newest().hangUp();
        heads.await(seen, LONG);

        assertThatThrownBy(() -> session.call("any")).isInstanceOf(RpcTransportException.class);
        assertThat(server.handshakes()).isEqualTo(1);
    }

    @Test
    void whoever_answers_a_new_connection_must_show_its_chain_again() throws Exception {
        var chainId = new ArrayList<>(List.of("0x8", "0x9"));
        server.script((peer, question) ->
                peer.result(
                        question,
                        question.get("method").asString().equals("eth_chainId")
                                ? chainId.removeFirst()
                                : "0x1"));
        var endpoints = new Endpoints(new Endpoints.Expected(8, List.of()), List.of(rpc));
        assertThat(endpoints.call("eth_blockNumber").asString()).isEqualTo("0x1");
        long seen = heads.told();

        server.newest().hangUp();
        heads.await(seen, LONG);

        assertThatThrownBy(() -> endpoints.call("eth_blockNumber"))
                .isInstanceOf(WrongChainException.class)
                .hasMessageContaining("serves chain 9, expected 8");
    }

    @Test
    void a_lost_socket_leads_to_the_next_endpoint_and_a_refusal_does_not() throws Exception {
        var asked = new ArrayList<String>();
        Rpc other =
                (method, params) -> {
                    asked.add(method);
                    return FakeChain.json(method.equals("eth_chainId") ? "0x8" : "0x2");
                };
        server.script((peer, question) -> {
            switch (question.get("method").asString()) {
                case "eth_chainId" -> peer.result(question, "0x8");
                case "eth_call" ->
                        peer.text(
                                "{\"id\":"
                                        + question.get("id")
                                        + ",\"error\":{\"code\":3,\"message\":\"no\"}}");
                default -> peer.hangUp();
            }
        });
        var endpoints = new Endpoints(new Endpoints.Expected(8, List.of()), List.of(rpc, other));

        assertThatThrownBy(() -> endpoints.call("eth_call")).isInstanceOf(RpcErrorException.class);
        assertThat(asked).isEmpty();
        assertThat(endpoints.call("eth_blockNumber").asString()).isEqualTo("0x2");
        assertThat(asked).containsExactly("eth_chainId", "eth_blockNumber");
    }

    @Test
    void a_closed_endpoint_asks_nothing() {
        rpc.close();

        assertThatThrownBy(() -> rpc.call("any")).hasMessageContaining("closed");
        assertThat(server.handshakes()).isZero();
    }

    // New blocks.

    private NewHeads newHeads() throws InterruptedException {
        Pause never =
                _ -> {
                    throw new AssertionError("polls though it could be told");
                };
        return new NewHeads(new Connection(rpc, List.of(rpc), heads), never);
    }

    private static final String HEAD =
            "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":"
                    + "{\"subscription\":\"0x1\",\"result\":{\"number\":\"0x5\"}}}";

    @Test
    void a_new_block_wakes_whoever_waits_for_it() throws Exception {
        var newHeads = newHeads();
        var woken = new SynchronousQueue<Boolean>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        woken.put(newHeads.await(LONG));
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });

        server.newest().text(HEAD);

        assertThat(woken.take()).isTrue();
    }

    @Test
    void a_block_that_came_since_the_last_look_is_not_waited_for() throws Exception {
        var newHeads = newHeads();
        long seen = heads.told();
        server.newest().text(HEAD);
        heads.await(seen, LONG);

        assertThat(newHeads.await(LONG)).isTrue();
    }

    @Test
    void without_a_block_it_is_time_to_look_after_a_while_all_the_same() throws Exception {
        var asked = new ArrayList<String>();
        server.script((peer, question) -> {
            asked.add(question.get("method").asString());
            peer.result(question, "0x1");
        });
        var newHeads = newHeads();

        assertThat(newHeads.await(SOON)).isFalse();

        assertThat(asked).containsExactly("eth_subscribe", "eth_chainId");
    }

    @Test
    void a_node_that_tells_of_no_blocks_is_polled() throws Exception {
        server.script((peer, question) ->
                peer.text(
                        "{\"id\":"
                                + question.get("id")
                                + ",\"error\":{\"code\":-32601,\"message\":\"unknown\"}}"));

        assertThat(newHeads().await(SOON)).isFalse();
        assertThat(server.handshakes()).isEqualTo(1);
    }

    @Test
    void a_lost_connection_wakes_whoever_waits_and_is_followed_again() throws Exception {
        var newHeads = newHeads();
        long seen = heads.told();

        server.newest().hangUp();
        heads.await(seen, LONG);
        assertThat(newHeads.await(LONG)).isTrue();

        seen = heads.told();
        server.newest().text(HEAD);
        assertThat(heads.await(seen, LONG)).isGreaterThan(seen);
        assertThat(server.handshakes()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:1", "https://127.0.0.1:1"})
    void without_a_socket_it_polls(String uri) throws Exception {
        var paused = new AtomicBoolean();
        try (var http = new HttpRpc(java.net.URI.create(uri), LIMITS)) {
            var connection = new Connection(http, List.of(http), heads);

            assertThat(new NewHeads(connection, _ -> paused.set(true)).await(LONG)).isFalse();
        }
        assertThat(paused).isTrue();
    }
}
