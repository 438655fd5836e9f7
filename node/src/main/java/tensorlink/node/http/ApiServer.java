package tensorlink.node.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/**
 * Answers this machine's commands on loopback, to whoever presents the token that lies, readable to
 * the owner alone, beside the node's other files. What there is to ask is a list of {@link Route}s.
 */
public final class ApiServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ApiServer.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final int TOKEN_BYTES = 32;
    private static final int BACKLOG = 16;
    private static final int LAST_ANSWER_SECONDS = 1;

    /** What one client may ask of us; the JDK's server reads these once, for the whole process. */
    private static final Map<String, String> LIMITS =
            Map.of(
                    "jdk.httpserver.maxConnections", "64",
                    "sun.net.httpserver.maxReqHeaders", "64",
                    "sun.net.httpserver.maxReqHeaderSize", "8192",
                    "sun.net.httpserver.maxReqTime", "10", // seconds
                    // From the question on: a chain takes a quarter of an hour to be final.
                    "sun.net.httpserver.maxRspTime", "7200");

    private static final int QUESTION_BYTES_MAX = 64 << 10;

    private final HttpServer server;
    private final ExecutorService answering;
    private final ReadWriteLock answers;
    private final Path file;

    private ApiServer(
            HttpServer server, ExecutorService answering, ReadWriteLock answers, Path file) {
        this.server = server;
        this.answering = answering;
        this.answers = answers;
        this.file = file;
    }

    /**
     * Listens, and writes address and token to {@code file}.
     *
     * @param routes what can be asked; each path is there once
     * @throws IOException when the address is taken, or is not this machine's own
     */
    public static ApiServer start(String host, int port, Path file, List<Route> routes)
            throws IOException {
        var random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        var token = HexFormat.of().formatHex(random);
        var server = bind(host, port);
        var answering = Executors.newVirtualThreadPerTaskExecutor();
        server.setExecutor(answering);
        var answers = new ReentrantReadWriteLock();
        server.createContext(
                "/",
                exchange -> {
                    answers.readLock().lock();
                    try {
                        answer(exchange, token, routes);
                    } finally {
                        answers.readLock().unlock();
                    }
                });
        server.start();
        var started = new ApiServer(server, answering, answers, file);
        boolean told = false;
        try {
            write(file, Map.of("host", host, "port", started.port(), "token", token));
            told = true;
            return started;
        } finally {
            if (!told) {
                started.close();
            }
        }
    }

    /** To be called before any server of this process is made. */
    static void limit() {
        for (var limit : LIMITS.entrySet()) {
            if (System.getProperty(limit.getKey()) == null) {
                System.setProperty(limit.getKey(), limit.getValue());
            }
        }
    }

    private static HttpServer bind(String host, int port) throws IOException {
        var address = InetAddress.getByName(host);
        if (!address.isLoopbackAddress()) {
            throw new IOException("will not listen at " + host + ": other machines could ask");
        }
        limit();
        try {
            return HttpServer.create(new InetSocketAddress(address, port), BACKLOG);
        } catch (BindException taken) {
            throw new IOException(
                    "cannot listen at " + host + ":" + port + ": " + taken.getMessage(), taken);
        }
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange, String token, List<Route> routes)
            throws IOException {
        try (exchange) {
            if (!isLocal(exchange)) {
                send(exchange, 403, error("the Host header must name this machine"));
                return;
            }
            if (!isAuthorized(exchange, token)) {
                send(exchange, 401, error("a token is needed: Authorization: Bearer TOKEN"));
                return;
            }
            var path = exchange.getRequestURI().getPath();
            for (var route : routes) {
                if (route.path().equals(path)) {
                    answer(exchange, route);
                    return;
                }
            }
            var paths = routes.stream().map(Route::path).collect(Collectors.joining(", "));
            send(exchange, 404, error("there is only " + paths));
        }
    }

    private static void answer(HttpExchange exchange, Route route) throws IOException {
        var method = route.method().name();
        if (!exchange.getRequestMethod().equals(method)) {
            exchange.getResponseHeaders().set("Allow", method);
            send(exchange, 405, error("only " + method));
            return;
        }
        JsonNode question = MissingNode.getInstance();
        if (route.method() == Route.Method.POST) {
            var body = exchange.getRequestBody().readNBytes(QUESTION_BYTES_MAX + 1);
            if (body.length > QUESTION_BYTES_MAX) {
                send(exchange, 413, error("more than " + QUESTION_BYTES_MAX + " bytes"));
                return;
            }
            try {
                question = JSON.readTree(body);
            } catch (JacksonException malformed) {
                send(exchange, 400, error("the question is not JSON"));
                return;
            }
        }
        sendAnswer(exchange, route, question);
    }

    private static void sendAnswer(HttpExchange exchange, Route route, JsonNode question)
            throws IOException {
        Object answer;
        int code = 200;
        try {
            answer = route.answer().to(question);
        } catch (IllegalArgumentException malformed) {
            code = 400;
            answer = error(malformed.getMessage());
        } catch (IOException failure) {
            code = 502;
            answer = error(failure.getMessage());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            code = 503;
            answer = error("the node is stopping");
        } catch (RuntimeException bug) {
            log.error("no answer to {}", route.path(), bug);
            code = 500;
            answer = error("the node cannot tell; its log says why");
        }
        send(exchange, code, answer);
    }

    /** Refuses names that a web page could have made to point here (DNS rebinding). */
    private static boolean isLocal(HttpExchange exchange) {
        var hosts = exchange.getRequestHeaders().get("Host");
        if (hosts == null || hosts.size() != 1) {
            return false;
        }
        int port = exchange.getLocalAddress().getPort();
        return hosts.getFirst().equals("127.0.0.1:" + port)
                || hosts.getFirst().equals("localhost:" + port)
                || hosts.getFirst().equals("[::1]:" + port);
    }

    private static boolean isAuthorized(HttpExchange exchange, String token) {
        var header = exchange.getRequestHeaders().getFirst("Authorization");
        return header != null
                && MessageDigest.isEqual(
                        header.getBytes(StandardCharsets.UTF_8),
                        ("Bearer " + token).getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, Object> error(@Nullable String message) {
        return Map.of("error", Map.of("message", String.valueOf(message)));
    }

    private static void send(HttpExchange exchange, int code, Object body) throws IOException {
        var bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(code, -1);
            return;
        }
        exchange.sendResponseHeaders(code, bytes.length);
        // Closed here, as closing the exchange first waits for the rest of the request.
        try (var out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    private static void write(Path file, Object content) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var draft = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(draft);
        Files.createFile(
                draft,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(draft, JSON.writeValueAsBytes(content));
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Stops listening and removes the file; idempotent. An answer that is being given comes to its
     * end, unless that takes long: it may be the reason why the node ends.
     */
    @Override
    public void close() {
        try {
            if (answers.writeLock().tryLock(LAST_ANSWER_SECONDS, TimeUnit.SECONDS)) {
                answers.writeLock().unlock();
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        server.stop(0);
        answering.shutdownNow();
        try {
            Files.deleteIfExists(file);
        } catch (IOException left) {
            // A stale file only makes the next status command say that nothing answers.
        }
    }
}
