package tensorlink.node.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import tensorlink.p2p.multiaddr.AddressRange;

/**
 * Asks a hub, and follows it to where it keeps its files.
 *
 * <p>The hub is whatever its user names, also a mirror on the local network. Where it leads to is
 * not: elsewhere only public addresses are dialled, over https, and the token stays at home. The
 * JDK keeps a name's addresses for a while, so the ones that were looked at are the ones dialled.
 */
final class HubHttp implements AutoCloseable {
    static final int REDIRECTS_MAX = 5;

    /** How long a user waits for an answer. */
    static final Duration ANSWER = Duration.ofSeconds(30);

    private final URI endpoint;
    private final Optional<String> token;
    private final Duration answer;
    private final HttpClient client;

    HubHttp(URI endpoint, Optional<String> token) {
        this(endpoint, token, ANSWER);
    }

    /**
     * @param answer the longest to wait for an answer to begin, half of it for a connection
     */
    HubHttp(URI endpoint, Optional<String> token, Duration answer) {
        this.endpoint = endpoint;
        this.token = token;
        this.answer = answer;
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(answer.dividedBy(2))
                        .build();
    }

    /**
     * Refuses what no such address can be.
     *
     * @throws IllegalArgumentException unless it is https://HOST or http://HOST
     */
    static void requireWeb(String what, URI endpoint) {
        if (endpoint.getHost() == null
                || !("https".equals(endpoint.getScheme()) || "http".equals(endpoint.getScheme()))) {
            throw new IllegalArgumentException(
                    what + " " + endpoint + ": must be https://HOST or http://HOST");
        }
    }

    /**
     * Asks for {@code path} of the hub; whoever gets the answer closes its body.
     *
     * @param range the bytes that are wanted, as in the header of this name; empty for all
     */
    HttpResponse<InputStream> get(String path, String range)
            throws IOException, InterruptedException {
        var uri = endpoint.resolve(path);
        for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
            var request = HttpRequest.newBuilder(uri).timeout(answer);
            if (isHome(uri)) {
                token.ifPresent(it -> request.header("Authorization", "Bearer " + it));
            }
            if (!range.isEmpty()) {
                request.header("Range", range);
            }
            var response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            if (response.statusCode() / 100 != 3) {
                return response;
            }
            response.body().close();
            uri = next(uri, response.headers().firstValue("Location").orElse(""));
        }
        throw new HubException(path, "more than " + REDIRECTS_MAX + " redirects");
    }

    private URI next(URI from, String location) throws IOException {
        URI uri;
        try {
            uri = from.resolve(location);
        } catch (IllegalArgumentException malformed) {
            throw new HubException(from.getPath(), "leads to what is no address");
        }
        if (!isHome(uri)) {
            requirePublic(from, uri);
        }
        return uri;
    }

    private boolean isHome(URI uri) {
        return uri.getScheme() != null
                && uri.getScheme().equalsIgnoreCase(endpoint.getScheme())
                && uri.getHost() != null
                && uri.getHost().equalsIgnoreCase(endpoint.getHost())
                && uri.getPort() == endpoint.getPort();
    }

    private static void requirePublic(URI from, URI uri) throws IOException {
        if (uri.getHost() == null || !"https".equalsIgnoreCase(uri.getScheme())) {
            throw new HubException(from.getPath(), "leads away from the hub without https");
        }
        try {
            for (var address : InetAddress.getAllByName(uri.getHost())) {
                if (AddressRange.of(address) != AddressRange.PUBLIC) {
                    throw new HubException(
                            from.getPath(),
                            "leads to "
                                    + address.getHostAddress()
                                    + ", which is no public address and is not dialled");
                }
            }
        } catch (UnknownHostException unknown) {
            throw new HubException(from.getPath(), "leads to an unknown host");
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
    }
}
