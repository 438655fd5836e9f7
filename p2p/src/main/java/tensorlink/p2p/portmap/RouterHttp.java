package tensorlink.p2p.portmap;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** HTTP with a router, and nobody else: no proxy, no redirection; time and bytes are bounded. */
final class RouterHttp {
    private static final Duration TIMEOUT = Duration.ofSeconds(3);
    private static final int OK = 200;

    /** How faults are answered. */
    private static final int SERVER_ERROR = 500;

    private RouterHttp() {}

    static byte[] get(URI from) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(from).build());
    }

    static byte[] post(URI to, String action, String body)
            throws IOException, InterruptedException {
        return send(
                HttpRequest.newBuilder(to)
                        .header("Content-Type", "text/xml; charset=\"utf-8\"")
                        .header("SOAPAction", '"' + action + '"')
                        .POST(BodyPublishers.ofString(body))
                        .build());
    }

    private static byte[] send(HttpRequest request) throws IOException, InterruptedException {
        var client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .proxy(HttpClient.Builder.NO_PROXY)
                        .followRedirects(Redirect.NEVER)
                        .connectTimeout(TIMEOUT)
                        .build();
        try {
            var body = BodyHandlers.limiting(BodyHandlers.ofByteArray(), RouterXml.BYTES_MAX);
            var answer =
                    client.sendAsync(request, body).get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            if (answer.statusCode() != OK && answer.statusCode() != SERVER_ERROR) {
                throw new IOException("HTTP status " + answer.statusCode());
            }
            return answer.body();
        } catch (ExecutionException failure) {
            throw new IOException("no answer by HTTP: " + failure.getMessage(), failure);
        } catch (TimeoutException silent) {
            throw new IOException("no answer by HTTP within " + TIMEOUT, silent);
        } finally {
            client.shutdownNow();
        }
    }
}
