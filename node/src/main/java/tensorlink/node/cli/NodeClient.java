package tensorlink.node.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import tensorlink.node.Home;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks the node that runs from a home. */
record NodeClient(Home home) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int ANSWER_BYTES_MAX = 8 << 20;

    /** For what the node knows. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Rollups are final after a quarter of an hour, and a verdict is four transactions. */
    private static final Duration FINALITY_PATIENCE = Duration.ofHours(2);

    private static final int SAYING_SECONDS = 15;

    /** For what the node has to ask others for. */
    private static final Duration LONG_PATIENCE = Duration.ofSeconds(60);

    /**
     * Asks what the node knows.
     *
     * @throws NotRunningException when no node answers
     */
    JsonNode get(String path) throws IOException, InterruptedException {
        return ask(path, HttpRequest.newBuilder().GET(), PATIENCE);
    }

    /**
     * Has the node do something.
     *
     * @throws NotRunningException when no node answers
     * @throws UsageException when the question makes no sense
     * @throws IOException when the node could not do it, with its reason
     */
    JsonNode post(String path, Map<String, ?> question) throws IOException, InterruptedException {
        var body = HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(question));
        return ask(path, HttpRequest.newBuilder().POST(body), LONG_PATIENCE);
    }

    /**
     * Has the node do something that takes as long as a chain takes to be final.
     *
     * @param waiting told each {@value #SAYING_SECONDS} seconds how long it has taken
     */
    JsonNode post(String path, Map<String, ?> question, Consumer<String> waiting)
            throws IOException, InterruptedException {
        var body = HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(question));
        return ask(path, HttpRequest.newBuilder().POST(body), FINALITY_PATIENCE, waiting);
    }

    private JsonNode ask(String path, HttpRequest.Builder question, Duration patience)
            throws IOException, InterruptedException {
        return ask(path, question, patience, _ -> {});
    }

    private JsonNode ask(
            String path, HttpRequest.Builder question, Duration patience, Consumer<String> waiting)
            throws IOException, InterruptedException {
        var file = home.apiFile();
        try (var client = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
            var api = JSON.readTree(Files.readAllBytes(file));
            var place = api.path("host").asString() + ":" + api.path("port").asInt();
            var request =
                    question.uri(URI.create("http://" + place + path))
                            .version(HttpClient.Version.HTTP_1_1)
                            .timeout(patience)
                            .header("Authorization", "Bearer " + api.path("token").asString())
                            .build();
            return checked(send(client, request, place, patience, waiting));
        } catch (NoSuchFileException none) {
            throw new NotRunningException(
                    "no node runs from " + home.folder() + "\n  try: tensorlink up");
        } catch (JacksonException | IllegalArgumentException damaged) {
            throw new NotRunningException(
                    file + " is damaged\n  try: restart the node, which writes it anew");
        }
    }

    private record Answer(int code, JsonNode body) {}

    private static Answer send(
            HttpClient client,
            HttpRequest request,
            String place,
            Duration patience,
            Consumer<String> waiting)
            throws InterruptedException {
        try {
            var response = await(client, request, waiting);
            try (var body = response.body()) {
                int code = response.statusCode();
                if (code == 200 || code == 400 || code == 502 || code == 503) {
                    return new Answer(code, JSON.readTree(body.readNBytes(ANSWER_BYTES_MAX)));
                }
            }
        } catch (ConnectException gone) {
            throw new NotRunningException(
                    "nothing answers at "
                            + place
                            + ", where the last node of this home was reached\n"
                            + "  try: tensorlink up");
        } catch (HttpTimeoutException slow) {
            throw new NotRunningException(
                    "what listens at "
                            + place
                            + " does not answer within "
                            + patience.toSeconds()
                            + " s");
        } catch (IOException | JacksonException foreign) {
            // Falls through: whatever speaks there is not our node.
        }
        throw new NotRunningException(
                "what answers at " + place + " is not the node of this home\n  try: tensorlink up");
    }

    private static HttpResponse<InputStream> await(
            HttpClient client, HttpRequest request, Consumer<String> waiting)
            throws IOException, InterruptedException {
        var answer = client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
        for (int waited = SAYING_SECONDS; ; waited += SAYING_SECONDS) {
            try {
                return answer.get(SAYING_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException still) {
                waiting.accept("waiting until it is final, " + waited + " s");
            } catch (ExecutionException failed) {
                throw failed.getCause() instanceof IOException cause
                        ? cause
                        : new IOException(failed.getCause());
            }
        }
    }

    private static JsonNode checked(Answer answer) throws IOException {
        var message = answer.body().path("error").path("message").asString("no reason given");
        return switch (answer.code()) {
            case 200 -> answer.body();
            case 400 -> throw new UsageException(message);
            default -> throw new IOException(message);
        };
    }
}
