package tensorlink.ledger.evm;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tools.jackson.databind.JsonNode;

/**
 * One endpoint over HTTP/1.1: the JDK's offer of HTTP/2 in clear text is an error to some nodes.
 *
 * <p>The answer is bounded in time and length as a whole, and redirects are not followed, so that
 * no endpoint can keep a thread, fill the memory or send us elsewhere.
 */
final class HttpRpc implements RpcEndpoint {
    private static final int HTTP_OK = 200;

    private final URI uri;
    private final RpcLimits limits;
    private final HttpClient client;
    private final JsonRpc json;

    HttpRpc(URI uri, RpcLimits limits) {
        this.uri = uri;
        this.limits = limits;
        this.client = JsonRpc.client(limits);
        this.json = new JsonRpc(uri, limits);
    }

    @Override
    public JsonNode call(String method, Object... params) throws IOException, InterruptedException {
        var question = json.question(method, params);
        var answer = json.read(method, post(method, question.text()));
        return json.result(method, question.id(), answer);
    }

    private byte[] post(String method, String question) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(question))
                        .build();
        var body = BodyHandlers.limiting(BodyHandlers.ofByteArray(), limits.answerBytesMax());
        // The client's own timeout ends with the headers; ours covers the body.
        var answering = client.sendAsync(request, body);
        HttpResponse<byte[]> response;
        try {
            response = answering.get(limits.timeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw json.failed(method, e.getCause());
        } catch (TimeoutException e) {
            throw json.failed(method, "no answer within " + limits.timeout(), e);
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
        throw json.failed(method, "HTTP status " + status, null);
    }

    private static boolean looksLikeJson(byte[] body) {
        return body.length > 0 && body[0] == '{';
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    @Override
    public String toString() {
        return json.toString();
    }
}
