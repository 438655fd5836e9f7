package tensorlink.testnet.bench.discovery;

import com.google.protobuf.ByteString;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import picocli.CommandLine.Command;
import tensorlink.node.cli.ExitCode;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.gossip.Topic;
import tensorlink.p2p.gossip.TopicConfig;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One node that gossips, in a process of its own, and does what it is asked:
 *
 * <ul>
 *   <li>{@code ["address"]}: answers its {@code address}
 *   <li>{@code ["dial", address]}
 *   <li>{@code ["mesh"]}: answers how many {@code peers} are in its mesh
 *   <li>{@code ["publish", count, bytes, pauseMillis]}: messages that begin with the time, on the
 *       clock that all processes of a machine share
 *   <li>{@code ["take"]}: answers how many {@code micros} each message took that came since
 * </ul>
 *
 * <p>Ends when its standard input does.
 */
@Command(name = "gossip-peer", description = "A peer of bench discovery.", hidden = true)
public final class GossipPeer implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String TOPIC = "bench";

    private final Scheduler scheduler = Scheduler.system();
    private final LinkedBlockingQueue<Double> micros = new LinkedBlockingQueue<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
        var key = KeyPair.generate();
        try (var lines =
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.UTF_8));
                var host =
                        Libp2p.start(
                                key,
                                HostConfig.defaults().withSecurities(HostConfig.Security.NOISE));
                var gossip = Gossip.start(host, key, GossipConfig.defaults());
                var topic = gossip.join(TOPIC, TopicConfig.defaults());
                var _ = topic.subscribe(message -> note(message.data()))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(
                        JSON.writeValueAsString(answer(JSON.readTree(line), host, topic)));
            }
        }
        return ExitCode.DONE.status();
    }

    private void note(ByteString data) {
        long sent = data.asReadOnlyByteBuffer().getLong();
        micros.add((scheduler.nanoTime() - sent) / 1e3);
    }

    private Map<String, ?> answer(JsonNode command, Host host, Topic topic)
            throws InterruptedException {
        try {
            return switch (command.path(0).asString()) {
                case "address" ->
                        Map.of("address", host.info().fullAddresses().getFirst().toString());
                case "dial" -> {
                    host.connect(PeerInfo.of(Multiaddr.parse(command.path(1).asString())));
                    yield Map.of();
                }
                case "mesh" -> Map.of("peers", topic.mesh().size());
                case "publish" -> {
                    publish(
                            topic,
                            command.path(1).asInt(),
                            command.path(2).asInt(),
                            Duration.ofMillis(command.path(3).asInt()));
                    yield Map.of();
                }
                case "take" -> Map.of("micros", take());
                default -> throw new IOException("unknown command");
            };
        } catch (IOException failure) {
            return Map.of("error", String.valueOf(failure.getMessage()));
        }
    }

    private void publish(Topic topic, int count, int bytes, Duration pause)
            throws InterruptedException {
        for (int i = 0; i < count; i++) {
            var data = ByteBuffer.allocate(bytes).putLong(scheduler.nanoTime());
            topic.publish(ByteString.copyFrom(data.rewind()));
            scheduler.sleep(pause);
        }
    }

    private List<Double> take() {
        var taken = new ArrayList<Double>();
        micros.drainTo(taken);
        return taken;
    }
}
