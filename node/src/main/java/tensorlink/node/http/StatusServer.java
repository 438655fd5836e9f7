package tensorlink.node.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
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
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers {@code GET /api/v1/status} on loopback, to whoever presents the token that lies, readable
 * to the owner alone, beside the node's other files.
 */
public final class StatusServer implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int TOKEN_BYTES = 32;
    private static final int BACKLOG = 16;

    private final HttpServer server;
    private final Path file;

    private StatusServer(HttpServer server, Path file) {
        this.server = server;
        this.file = file;
    }

    /**
     * Listens, and writes address and token to {@code file}.
     *
     * @param status what to answer, as a value that JSON can say
     */
    public static StatusServer start(
            String host, int port, Path file, Supplier<Map<String, Object>> status)
            throws IOException {
        var random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        var token = HexFormat.of().formatHex(random);
        var address = new InetSocketAddress(InetAddress.getByName(host), port);
        var server = HttpServer.create(address, BACKLOG);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> answer(exchange, token, status));
        server.start();
        var started = new StatusServer(server, file);
        write(file, Map.of("port", started.port(), "token", token));
        return started;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private static void answer(
            HttpExchange exchange, String token, Supplier<Map<String, Object>> status)
            throws IOException {
        try (exchange) {
            if (!isLocal(exchange)) {
                send(exchange, 403, error("the Host header must name this machine"));
            } else if (!isAuthorized(exchange, token)) {
                send(exchange, 401, error("a token is needed: Authorization: Bearer TOKEN"));
            } else if (!exchange.getRequestURI().getPath().equals("/api/v1/status")) {
                send(exchange, 404, error("there is only /api/v1/status"));
            } else if (!exchange.getRequestMethod().equals("GET")) {
                send(exchange, 405, error("only GET"));
            } else {
                send(exchange, 200, status.get());
            }
        }
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

    private static Map<String, Object> error(String message) {
        return Map.of("error", Map.of("message", message));
    }

    private static void send(HttpExchange exchange, int code, Object body) throws IOException {
        var bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
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

    /** Stops listening and removes the file; idempotent. */
    @Override
    public void close() {
        server.stop(0);
        try {
            Files.deleteIfExists(file);
        } catch (IOException left) {
            // A stale file only makes the next status command say that nothing answers.
        }
    }
}
