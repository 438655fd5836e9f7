package tensorlink.node.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tensorlink.node.http.LocalHttp;

/** A hub on loopback with one model, {@code lab/small}; what it does wrong can be chosen. */
final class StandIn implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

    private final HttpServer server;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong sent = new AtomicLong();
    private volatile String listing = "";

    /** What a request asks for, {@code end} excluded. */
    record Range(int from, int end) {}

    /** What is done instead of answering with the bytes that were asked for. */
    interface Answering {
        void answer(HttpExchange exchange, byte[] content, Range range) throws IOException;
    }

    private volatile Answering answering = StandIn::right;

    StandIn(Map<String, byte[]> files) throws IOException {
        this.files.putAll(files);
        this.listing = listing(files);
        server = LocalHttp.create();
        server.createContext("/", this::handle);
        server.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    void list(String json) {
        listing = json;
    }

    void answer(Answering other) {
        answering = other;
    }

    /** How many bytes of files have been sent. */
    long bytesSent() {
        return sent.get();
    }

    /** Each file that was asked for, with the range if there was one. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var path = exchange.getRequestURI().getPath();
            var prefix = "/lab/small/resolve/" + COMMIT + "/";
            if (path.equals("/api/models/lab/small/revision/main")
                    || path.equals("/api/models/lab/small/revision/" + COMMIT)) {
                send(exchange, 200, listing.getBytes(StandardCharsets.UTF_8));
            } else if (path.startsWith(prefix) && files.containsKey(name(path, prefix))) {
                var range = exchange.getRequestHeaders().getFirst("Range");
                asked.add(name(path, prefix) + (range == null ? "" : " " + range));
                var content = files.getOrDefault(name(path, prefix), new byte[0]);
                var of = range(range, content.length);
                sent.addAndGet(of.end() - of.from());
                answering.answer(exchange, content, of);
            } else {
                send(exchange, 404, new byte[0]);
            }
        }
    }

    private static Range range(@Nullable String header, int length) {
        if (header == null) {
            return new Range(0, length);
        }
        var numbers = RANGE.matcher(header);
        if (!numbers.matches()) {
            throw new AssertionError(header);
        }
        return new Range(
                Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)) + 1);
    }

    private static String name(String path, String prefix) {
        return path.substring(prefix.length());
    }

    static void right(HttpExchange exchange, byte[] content, Range range) throws IOException {
        cut(exchange, content, range, content.length);
    }

    /** Promises what was asked for and ends after {@code most} bytes. */
    static void cut(HttpExchange exchange, byte[] content, Range range, int most)
            throws IOException {
        int length = range.end() - range.from();
        exchange.getResponseHeaders()
                .set(
                        "Content-Range",
                        "bytes " + range.from() + "-" + (range.end() - 1) + "/" + content.length);
        exchange.sendResponseHeaders(206, length);
        exchange.getResponseBody().write(content, range.from(), Math.min(most, length));
        exchange.getResponseBody().flush();
    }

    static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    static void lead(HttpExchange exchange, String location) throws IOException {
        exchange.getResponseHeaders().set("Location", location);
        exchange.sendResponseHeaders(302, -1);
    }

    /** As the hub lists them: safetensors in large file storage, the others in git. */
    static String listing(Map<String, byte[]> files) {
        var siblings = new ArrayList<String>();
        files.forEach((name, content) -> {
            var blob = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
            siblings.add(
                    "{\"rfilename\":\"%s\",\"size\":%d,%s}"
                            .formatted(
                                    name,
                                    content.length,
                                    name.endsWith(".safetensors")
                                            ? "\"lfs\":{\"sha256\":\""
                                                    + digest("SHA-256", content)
                                                    + "\"}"
                                            : "\"blobId\":\""
                                                    + digest("SHA-1", blob, content)
                                                    + "\""));
        });
        return "{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + String.join(",", siblings) + "]}";
    }

    private static String digest(String algorithm, byte[]... parts) {
        try {
            var hash = MessageDigest.getInstance(algorithm);
            for (var part : parts) {
                hash.update(part);
            }
            return HexFormat.of().formatHex(hash.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
