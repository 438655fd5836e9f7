package tensorlink.ledger.evm;

import java.net.URI;
import java.net.http.HttpClient;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Questions to one endpoint and its answers, as text: the same over HTTP and over a WebSocket.
 *
 * <p>Nesting, duplicate names and the length of texts are bounded; whatever is not an answer to the
 * question is a failure of transport. Safe for use by any thread.
 */
final class JsonRpc {
    private static final int DEPTH_MAX = 32;

    private final URI uri;
    private final JsonMapper json;
    private final AtomicLong ids = new AtomicLong();

    JsonRpc(URI uri, RpcLimits limits) {
        this.uri = uri;
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

    /** What both ways ask with: HTTP/1.1, and no redirects. */
    static HttpClient client(RpcLimits limits) {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(limits.timeout())
                .build();
    }

    record Question(long id, String text) {}

    Question question(String method, Object... params) {
        long id = ids.incrementAndGet();
        return new Question(
                id,
                json.writeValueAsString(
                        Map.of(
                                "jsonrpc",
                                "2.0",
                                "id",
                                id,
                                "method",
                                method,
                                "params",
                                List.of(params))));
    }

    /** Whether a question had this id. */
    boolean wasAsked(long id) {
        return id > 0 && id <= ids.get();
    }

    /** The object that {@code text} is; {@code method} is for the error. */
    JsonNode read(String method, byte[] text) throws RpcTransportException {
        try {
            var answer = json.readTree(text);
            if (answer.isObject()) {
                return answer;
            }
        } catch (JacksonException e) {
            throw failed(method, "not JSON: " + RpcValue.shown(e.getOriginalMessage()), e);
        }
        throw failed(method, "not a JSON object", null);
    }

    /** The result in the answer to question {@code id}. */
    JsonNode result(String method, long id, JsonNode answer)
            throws RpcErrorException, RpcTransportException {
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

    /** That no answer came because of {@code cause}; a certificate is named as the reason. */
    RpcTransportException failed(String method, @Nullable Throwable cause) {
        var problem = String.valueOf(cause);
        for (var in = cause; in != null; in = in.getCause()) {
            if (in instanceof CertificateException) {
                problem = "its certificate is refused: " + in.getMessage();
            }
        }
        return failed(method, problem, cause);
    }

    RpcTransportException failed(String method, String problem, @Nullable Throwable cause) {
        return new RpcTransportException(this + ", " + method + ": " + problem, cause);
    }

    /** Scheme, host and port: what follows them is often a provider's key. */
    @Override
    public String toString() {
        return uri.getScheme() + "://" + uri.getAuthority();
    }
}
