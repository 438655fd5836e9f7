package tensorlink.node.cli;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
        mixinStandardHelpOptions = true)
final class Status implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Mixin private NodeFlags flags = new NodeFlags();
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
        var file = flags.home().apiFile();
        try (var client = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
            var api = JSON.readTree(Files.readAllBytes(file));
            var request =
                    HttpRequest.newBuilder(
                                    URI.create(
                                            "http://127.0.0.1:"
                                                    + api.path("port").asInt()
                                                    + "/api/v1/status"))
                            .version(HttpClient.Version.HTTP_1_1)
                            .timeout(PATIENCE)
                            .header("Authorization", "Bearer " + api.path("token").asString())
                            .build();
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new NotRunningException(
                        "what answers at port " + api.path("port").asInt() + " is not our node");
            }
            return JSON.readTree(response.body());
        } catch (NoSuchFileException | java.net.ConnectException none) {
            throw new NotRunningException(
                    "no node runs from " + flags.home().folder() + "; start one: tensorlink up");
        } catch (JacksonException damaged) {
            throw new NotRunningException(file + " is damaged: " + damaged.getOriginalMessage());
        }
    }
}
