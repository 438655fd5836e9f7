package tensorlink.node.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** What the running node has to do with others. */
@Command(
        name = "peers",
        description = "Show, reach and diagnose the peers of the running node.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExample:%n",
        footer = "  tensorlink peers list",
        subcommands = {
            Peers.ListAll.class,
            Peers.Connect.class,
            Peers.PingOne.class,
            Peers.Check.class
        })
final class Peers implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine.usage(spec.commandLine(), System.out);
        return ExitCode.DONE.status();
    }

    private static String link(JsonNode peer) {
        return String.join(
                " ",
                peer.path("transport").asString(),
                peer.path("security").asString(),
                peer.path("muxer").asString());
    }

    /** Lists the open connections. */
    @Command(
            name = "list",
            description = "Show the connections of the running node.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink peers list -o json")
    static final class ListAll implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).get(PeerRoutes.PEERS);
            for (var peer : answer.path("peers")) {
                output.say(
                        peer.path("peer").asString()
                                + "  "
                                + peer.path("direction").asString()
                                + "  "
                                + peer.path("address").asString()
                                + "  "
                                + link(peer)
                                + "  "
                                + peer.path("streams").asInt()
                                + " streams  "
                                + peer.path("agent").asString());
            }
            if (answer.path("peers").isEmpty()) {
                output.say("connected to nobody\n  try: tensorlink peers check");
            }
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Connects to a peer. */
    @Command(
            name = "connect",
            description = "Have the running node connect to a peer.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink peers connect /ip4/192.0.2.7/tcp/38751/p2p/12D3KooW...")
    static final class Connect implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Parameters(
                paramLabel = "MULTIADDR",
                description = "where the peer is and who, as /ip4/ADDRESS/tcp/PORT/p2p/ID")
        private String address = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            var peer = PingCommand.peer(address);
            var answer =
                    new NodeClient(flag.home())
                            .post(
                                    PeerRoutes.CONNECT,
                                    Map.of("address", peer.fullAddresses().getFirst().toString()));
            output.say(
                    "connected to "
                            + answer.path("peer").asString()
                            + " at "
                            + answer.path("address").asString()
                            + " over "
                            + link(answer));
            output.tell(answer);
            return ExitCode.DONE.status();
        }
    }

    /** Pings a peer from the running node. */
    @Command(
            name = "ping",
            description = "Have the running node measure round trips to a peer it knows.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink peers ping 12D3KooW... --count 20")
    static final class PingOne implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();
        @Mixin private PingLoop loop = new PingLoop();

        @Parameters(paramLabel = "PEER", description = "the peer's id, as `peers list` shows it")
        private String peer = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            loop.check();
            var client = new NodeClient(flag.home());
            client.get(PeerRoutes.PEERS); // a node that does not run is told at once
            return loop.run(peer, () -> roundTrip(client), output);
        }

        private Duration roundTrip(NodeClient client) throws IOException, InterruptedException {
            var answer = client.post(PeerRoutes.PING, Map.of("peer", peer));
            return Duration.ofNanos(answer.path("nanos").asLong());
        }
    }

    /** Says what keeps others from reaching this node, and this node from reaching others. */
    @Command(
            name = "check",
            description = "Diagnose whether the running node reaches others and others reach it.",
            mixinStandardHelpOptions = true,
            showDefaultValues = true,
            footerHeading = "%nExample:%n",
            footer = "  tensorlink peers check --home /srv/tensorlink")
    static final class Check implements Callable<Integer> {
        @Mixin private HomeFlag flag = new HomeFlag();
        @Mixin private Output output = new Output();

        @Override
        public Integer call() throws IOException, InterruptedException {
            var answer = new NodeClient(flag.home()).post(PeerRoutes.CHECK, Map.of());
            int problems = 0;
            for (var finding : answer.path("findings")) {
                boolean isGood = finding.path("isGood").asBoolean();
                problems += isGood ? 0 : 1;
                output.say(
                        (isGood ? " ok  " : " !!  ")
                                + finding.path("subject").asString()
                                + ": "
                                + finding.path("sentence").asString());
                var advice = finding.path("advice").asString("");
                if (!advice.isEmpty()) {
                    output.say("     try: " + advice);
                }
            }
            output.say(problems == 0 ? "No problem found." : problems + " problems.");
            output.tell(answer);
            return (problems == 0 ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
        }
    }
}
