package tensorlink.node.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

    @Mixin private HomeFlag flag = new HomeFlag();
    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws IOException, InterruptedException {
        var status = new NodeClient(flag.home()).get("/api/v1/status");
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
        output.say("reach    " + StandingText.sentence(status));
        EntranceText.say(status, output);
        for (var address : status.path("addresses")) {
            output.say("address  " + address.asString());
        }
        for (var entry : status.path("memory").properties()) {
            output.say("memory   " + entry.getKey() + " " + Sizes.bytes(entry.getValue().asLong()));
        }
        for (var device : status.path("devices")) {
            output.say(
                    "device   "
                            + device.path("name").asString()
                            + ", "
                            + Sizes.bytes(device.path("lent").asLong())
                            + " lent; "
                            + device.path("why").asString());
        }
        if (status.has("isolation")) {
            output.say(
                    status.path("isolation").asString().equals("process")
                            ? "stages   each in a process of its own"
                            : "stages   in the node's process");
        }
        for (var offer : status.path("offers")) {
            output.say(
                    "offer    "
                            + Sizes.bytes(offer.path("free").asLong())
                            + " free at "
                            + offer.path("worker").asString()
                            + " for "
                            + offer.path("price").asString());
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
}
