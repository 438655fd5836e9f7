package tensorlink.testnet.bench.net;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import tensorlink.node.cli.ExitCode;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Purpose;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.testnet.bench.bare.Bare;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The other process of {@link BenchNet}: it listens in every way and does what {@link Child} asks:
 *
 * <ul>
 *   <li>{@code ["listen", way, loops]}: a host of ours; answers its {@code address}
 *   <li>{@code ["bare", name]}: bare Netty; answers its {@code port}
 *   <li>{@code ["idle", way, count]}: so many hosts; answers their {@code addresses}
 *   <li>{@code ["forget"]}: closes the hosts of the last {@code idle}
 *   <li>{@code ["memory"]}: answers with a {@link Memory}
 * </ul>
 *
 * <p>Ends when its standard input does.
 */
@Command(name = "net-peer", description = "The other end of bench net.", hidden = true)
public final class NetPeer implements Callable<Integer> {
    /** Every host serves it. */
    static final ProtocolId PING = ProtocolId.of("/ipfs/ping/1.0.0");

    /** What an application would serve: a thread reads and writes. */
    static final ProtocolId ECHO = ProtocolId.of("/tensorlink/bench/echo/1.0.0");

    static final ProtocolId SLOW = ProtocolId.of("/tensorlink/bench/slow/1.0.0");
    static final int ECHO_BYTES = 32;

    private static final JsonMapper JSON = new JsonMapper();
    private static final int SLOW_BYTES = 4 << 10;
    private static final Duration SLOW_PAUSE = Duration.ofMillis(100);

    private final Scheduler scheduler = Scheduler.system();
    private final List<Host> hosts = new ArrayList<>();
    private final List<Host> idle = new ArrayList<>();
    private final List<Bare.Listening> bare = new ArrayList<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (var lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
            }
        } finally {
            idle.forEach(Host::close);
            hosts.forEach(Host::close);
            bare.forEach(Bare.Listening::close);
        }
        return ExitCode.DONE.status();
    }

    private Map<String, ?> answer(JsonNode command) throws InterruptedException {
        try {
            return switch (command.path(0).asString()) {
                case "listen" -> listen(way(command), command.path(2).asInt());
                case "bare" -> bare(Bare.valueOf(command.path(1).asString()));
                case "idle" -> idle(way(command), command.path(2).asInt());
                case "forget" -> forget();
                case "memory" -> Memory.here().json();
                default -> throw new IOException("unknown command");
            };
        } catch (IOException failure) {
            return Map.of("error", String.valueOf(failure.getMessage()));
        }
    }

    private static Way way(JsonNode command) throws IOException {
        return Way.of(command.path(1).asString());
    }

    private Map<String, String> listen(Way way, int loops)
            throws IOException, InterruptedException {
        var host = start(way.listening().withEventLoops(loops));
        hosts.add(host);
        Libp2p.servePerf(host);
        host.handle(ECHO, NetPeer::echo);
        host.handle(SLOW, this::readSlowly);
        return Map.of("address", host.info().fullAddresses().getFirst().toString());
    }

    private static Host start(HostConfig config) throws IOException, InterruptedException {
        return Libp2p.start(KeyPair.generate(), config);
    }

    /** Urgent, as pings and other short messages are. */
    private static void echo(Stream stream) throws IOException, InterruptedException {
        stream.purpose(Purpose.CONTROL);
        var bytes = MemorySegment.ofArray(new byte[ECHO_BYTES]);
        for (int count = stream.read(bytes); count >= 0; count = stream.read(bytes)) {
            stream.write(bytes.asSlice(0, count));
        }
    }

    private void readSlowly(Stream stream) throws IOException, InterruptedException {
        stream.closeWrite();
        var bytes = MemorySegment.ofArray(new byte[SLOW_BYTES]);
        while (stream.read(bytes) >= 0) {
            scheduler.sleep(SLOW_PAUSE);
        }
    }

    private Map<String, Integer> bare(Bare way) throws IOException, InterruptedException {
        var listening = way.listen();
        bare.add(listening);
        return Map.of("port", listening.port());
    }

    private Map<String, List<String>> idle(Way way, int count)
            throws IOException, InterruptedException {
        var addresses = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            var host = start(way.listening().withEventLoops(1));
            idle.add(host);
            addresses.add(host.info().fullAddresses().getFirst().toString());
        }
        return Map.of("addresses", addresses);
    }

    private Map<String, Integer> forget() {
        int count = idle.size();
        idle.forEach(Host::close);
        idle.clear();
        return Map.of("closed", count);
    }
}
