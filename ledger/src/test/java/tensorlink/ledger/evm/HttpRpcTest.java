package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Endpoints that are broken, hostile or slow. */
class HttpRpcTest {
    private static final RpcLimits LIMITS = RpcLimits.defaults().withAnswerBytesMax(10_000);

    private interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    private final AtomicInteger questions = new AtomicInteger();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Handler handler = exchange -> answer(exchange, 200, "{}");
    private HttpServer server;
    private URI uri;
    private HttpRpc rpc;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        exchange.getRequestBody().readAllBytes();
                        questions.incrementAndGet();
                        handler.handle(exchange);
                    }
                });
        server.start();
        uri =
                URI.create(
                        "http://127.0.0.1:" + server.getAddress().getPort() + "/key-of-a-provider");
        rpc = new HttpRpc(uri, LIMITS);
    }

    @AfterEach
    void stop() {
        ended.countDown();
        rpc.close();
        server.stop(0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "200 | <html>busy</html> | not JSON",
                "200 | '' | not a JSON object",
                "200 | [] | not a JSON object",
                "200 | {\"id\":1} | neither result nor error",
                "200 | {\"id\":7,\"result\":\"0x1\"} | another question",
                "200 | {\"id\":1,\"result\":\"0x1\",\"result\":\"0x2\"} | not JSON",
                "429 | {} | HTTP status 429",
                "503 | {\"id\":1,\"result\":\"0x1\"} | HTTP status 503",
                "302 | {} | HTTP status 302",
            })
    void what_no_node_would_answer_is_a_failure_of_transport(
            int status, String body, String problem) {
        handler = exchange -> answer(exchange, status, body);

        assertThatThrownBy(() -> rpc.call("eth_chainId"))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining(problem)
                .hasMessageNotContaining("key-of-a-provider");
        assertThat(questions).hasValue(1);
    }

    @Test
    void an_answer_is_as_long_as_the_limit_says_and_not_a_byte_longer() throws Exception {
        var longest = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"%s\"}";
        int rest = LIMITS.answerBytesMax() - longest.length() + 2;
        handler = exchange -> answer(exchange, 200, longest.formatted("x".repeat(rest)));
        assertThat(rpc.call("any").asString()).hasSize(rest);

        handler = exchange -> answer(exchange, 200, longest.formatted("x".repeat(rest + 1)));
        assertThatThrownBy(() -> rpc.call("any")).isInstanceOf(RpcTransportException.class);
    }

    @Test
    void five_megabytes_of_json_are_more_than_the_usual_limit() {
        var body = "{\"id\":1,\"result\":\"" + "0".repeat(5 << 20) + "\"}";
        handler = exchange -> answer(exchange, 200, body);

        try (var usual = new HttpRpc(uri, RpcLimits.defaults())) {
            assertThatThrownBy(() -> usual.call("any")).isInstanceOf(RpcTransportException.class);
        }
    }

    @Test
    void of_two_hundred_megabytes_no_more_is_read_than_the_limit_and_what_is_on_its_way()
            throws Exception {
        var gaveUp = new CompletableFuture<Integer>();
        handler =
                exchange -> {
                    int sent = 0;
                    try {
                        exchange.sendResponseHeaders(200, 0);
                        for (; sent < 200; sent++) {
                            exchange.getResponseBody().write(new byte[1 << 20]);
                        }
                    } finally {
                        gaveUp.complete(sent);
                    }
                };

        assertThatThrownBy(() -> rpc.call("any")).isInstanceOf(RpcTransportException.class);
        assertThat(gaveUp.get()).isLessThan(200);
    }

    @Test
    void an_answer_that_never_ends_is_given_up_in_time() {
        handler =
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().write('{');
                    exchange.getResponseBody().flush();
                    await(ended);
                };

        try (var hasty = new HttpRpc(uri, LIMITS.withTimeout(Duration.ofMillis(300)))) {
            assertThatThrownBy(() -> hasty.call("any"))
                    .isInstanceOf(RpcTransportException.class)
                    .hasMessageContaining("no answer within");
        }
    }

    @Test
    void deep_nesting_is_no_answer() {
        handler =
                exchange ->
                        answer(
                                exchange,
                                200,
                                "{\"id\":1,\"result\":" + "[".repeat(40) + "]".repeat(40) + "}");

        assertThatThrownBy(() -> rpc.call("any")).isInstanceOf(RpcTransportException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"0x6c1a4ddd\"",
                "{\"message\":\"reverted\",\"data\":\"0x6c1a4ddd\"}",
                "{\"hash\":\"0x00\",\"result\":\"0x6c1a4ddd\"}",
            })
    void what_a_contract_says_is_found_in_all_shapes(String data) {
        handler =
                exchange ->
                        answer(
                                exchange,
                                200,
                                "{\"id\":1,\"error\":{\"code\":3,\"message\":\"execution"
                                        + " reverted\",\"data\":"
                                        + data
                                        + "}}");

        assertThatThrownBy(() -> rpc.call("eth_call"))
                .isInstanceOfSatisfying(
                        RpcErrorException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(3);
                            assertThat(e.revertData().map(RpcValue::hex)).contains("0x6c1a4ddd");
                        });
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        if (status == 302) {
            exchange.getResponseHeaders().add("Location", "/elsewhere");
        }
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
