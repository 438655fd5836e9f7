package tensorlink.node.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks the node that runs from the same home how it is. */
@Command(
        name = "status",
        description = "Show how the running node is; exit status 3 when none runs.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink status --home /srv/tensorlink -o json")
final class Status implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int ANSWER_BYTES_MAX = 8 << 20;

    @Mixin private HomeFlag flag = new HomeFlag();
    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws IOException, InterruptedException {
        var status = ask();
        if (output.json()) {
            output.out().println(JSON.writeValueAsString(status));
            return ExitCode.DONE.status();
        }
        output.say(
                status.path("role").asString()
                        + " "
                        + status.path("peer").asString()
                        + ", "
                        + status.path("state").asString());
        for (var problem : status.path("problems")) {
            output.say(" !!      " + problem.asString());
        }
        output.say(
                "network  "
                        + status.path("network").asString()
                        + ", "
                        + status.path("connections").asInt()
                        + " connections, "
                        + status.path("knownPeers").asInt()
                        + " peers known");
        for (var address : status.path("addresses")) {
            output.say("address  " + address.asString());
        }
        for (var entry : status.path("memory").properties()) {
            output.say("memory   " + entry.getKey() + " " + Sizes.bytes(entry.getValue().asLong()));
        }
        for (var job : status.path("jobs")) {
            output.say(
                    "job      "
                            + job.path("job").asString()
                            + "  "
                            + job.path("state").asString()
                            + "  "
                            + job.path("detail").asString());
        }
        return ExitCode.DONE.status();
    }

    private JsonNode ask() throws IOException, InterruptedException {
        var home = flag.home();
        var file = home.apiFile();
        try (var client = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
            var api = JSON.readTree(Files.readAllBytes(file));
            var place = api.path("host").asString() + ":" + api.path("port").asInt();
            var request =
                    HttpRequest.newBuilder(URI.create("http://" + place + "/api/v1/status"))
                            .version(HttpClient.Version.HTTP_1_1)
                            .timeout(PATIENCE)
                            .header("Authorization", "Bearer " + api.path("token").asString())
                            .build();
            return answer(client, request, place);
        } catch (NoSuchFileException none) {
            throw new NotRunningException(
                    "no node runs from " + home.folder() + "\n  try: tensorlink up");
        } catch (JacksonException | IllegalArgumentException damaged) {
            throw new NotRunningException(
                    file + " is damaged\n  try: restart the node, which writes it anew");
        }
    }

    private static JsonNode answer(HttpClient client, HttpRequest request, String place)
            throws InterruptedException {
        try {
            var response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (var body = response.body()) {
                if (response.statusCode() == 200) {
                    return JSON.readTree(body.readNBytes(ANSWER_BYTES_MAX));
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
                            + PATIENCE.toSeconds()
                            + " s");
        } catch (IOException | JacksonException foreign) {
            // Falls through: whatever speaks there is not our node.
        }
        throw new NotRunningException(
                "what answers at " + place + " is not the node of this home\n  try: tensorlink up");
    }
}
