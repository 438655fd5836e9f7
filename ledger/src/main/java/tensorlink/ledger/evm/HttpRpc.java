package tensorlink.ledger.evm;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One endpoint over HTTP/1.1: the JDK's offer of HTTP/2 in clear text is an error to some nodes.
 *
 * <p>The answer is bounded in time and length as a whole, and redirects are not followed, so that
 * no endpoint can keep a thread, fill the memory or send us elsewhere.
 */
final class HttpRpc implements Rpc, AutoCloseable {
    private static final int HTTP_OK = 200;
    private static final int DEPTH_MAX = 32;

    private final URI uri;
    private final RpcLimits limits;
    private final HttpClient client;
    private final JsonMapper json;
    private final AtomicLong ids = new AtomicLong();

    HttpRpc(URI uri, RpcLimits limits) {
        this.uri = uri;
        this.limits = limits;
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(limits.timeout())
                        .build();
        this.json =
                JsonMapper.builder(
                                JsonFactory.builder()
                                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                        .streamReadConstraints(
                                                StreamReadConstraints.builder()
                                                        .maxNestingDepth(DEPTH_MAX)
                                                        .maxStringLength(limits.answerBytesMax())
                                                        .build())
                                        .build())
                        .build();
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        long id = ids.incrementAndGet();
        var question =
                json.writeValueAsBytes(
                        Map.of(
                                "jsonrpc",
                                "2.0",
                                "id",
                                id,
                                "method",
                                method,
                                "params",
                                List.of(params)));
        var answer = read(method, post(method, question));
        if (answer.path("error").isObject()) {
            throw RpcErrorException.of(method, answer.get("error"));
        }
        if (!answer.path("id").isNumber() || answer.get("id").asLong() != id) {
            throw failed(method, "the answer is to another question", null);
        }
        var result = answer.get("result");
        if (result == null) {
            throw failed(method, "the answer has neither result nor error", null);
        }
        return result;
    }

    private byte[] post(String method, byte[] question) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofByteArray(question))
                        .build();
        var body = BodyHandlers.limiting(BodyHandlers.ofByteArray(), limits.answerBytesMax());
        // The client's own timeout ends with the headers; ours covers the body.
        var answering = client.sendAsync(request, body);
        HttpResponse<byte[]> response;
        try {
            response = answering.get(limits.timeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw failed(method, String.valueOf(e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            throw failed(method, "no answer within " + limits.timeout(), e);
        } finally {
            answering.cancel(true);
        }
        // Some nodes answer errors of JSON-RPC with a status of HTTP; without JSON it is none.
        int status = response.statusCode();
        if (status == HTTP_OK
                || status == 400
                || (status == 500 && looksLikeJson(response.body()))) {
            return response.body();
        }
        throw failed(method, "HTTP status " + status, null);
    }

    private JsonNode read(String method, byte[] body) throws RpcTransportException {
        try {
            var answer = json.readTree(body);
            if (answer.isObject()) {
                return answer;
            }
        } catch (JacksonException e) {
            throw failed(method, "not JSON: " + RpcValue.shown(e.getOriginalMessage()), e);
        }
        throw failed(method, "not a JSON object", null);
    }

    private static boolean looksLikeJson(byte[] body) {
        return body.length > 0 && body[0] == '{';
    }

    private RpcTransportException failed(
            String method, String problem, @org.jspecify.annotations.Nullable Throwable cause) {
        return new RpcTransportException(this + ", " + method + ": " + problem, cause);
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    /** Scheme, host and port: what follows them is often a provider's key. */
    @Override
    public String toString() {
        return uri.getScheme() + "://" + uri.getAuthority();
    }
}
