package tensorlink.testnet.bench;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;
import tensorlink.testnet.JavaProcess;
import tensorlink.testnet.bench.NetPeer.Way;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Streams between two processes on loopback against bare TCP: one stream's throughput, also per
 * second of CPU of both processes; a round trip; a connection; a stream. All ways take turns.
 */
@Command(
        name = "net",
        description = "Streams between two processes on loopback, against bare TCP.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench net --rounds 5 -o json")
final class BenchNet implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int ROUND_TRIPS = 3_000;
    private static final int STREAMS = 1_000;
    private static final int CONNECTIONS = 200;

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "interleaved rounds")
    private int rounds;

    @Option(
            names = "--mebibytes",
            paramLabel = "N",
            defaultValue = "256",
            description = "how much to send each time")
    private int mebibytes;

    private final Scheduler scheduler = Scheduler.system();

    /** What one way of connecting was measured to do, once per round. */
    private static final class Figures {
        final List<Double> bytesPerSecond = new ArrayList<>();
        final List<Double> bytesPerCpuSecond = new ArrayList<>();
        final List<Double> roundTripMicros50 = new ArrayList<>();
        final List<Double> roundTripMicros99 = new ArrayList<>();
        final List<Double> streamsPerSecond = new ArrayList<>();
        final List<Double> connectionsPerSecond = new ArrayList<>();
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rounds < 1 || mebibytes < 1) {
            throw new UsageException("--rounds and --mebibytes must be at least 1");
        }
        var tcp = new Figures();
        var libp2p = new EnumMap<Way, Figures>(Way.class);
        var peer =
                JavaProcess.builder(List.of(), List.of("bench", "net-peer", "-o", "json")).start();
        try (var reader = peer.inputReader()) {
            var addresses = JSON.readTree(reader.readLine());
            for (var way : Way.values()) {
                libp2p.put(way, new Figures());
            }
            for (int round = 0; round < rounds; round++) {
                output.say(String.format(Locale.ROOT, "round %d of %d", round + 1, rounds));
                bare(addresses.path("TCP").asInt(), peer, tcp);
                for (var way : Way.values()) {
                    measure(way, addresses, peer, libp2p.getOrDefault(way, tcp));
                }
            }
        } finally {
            peer.destroy();
            peer.waitFor();
        }
        report(tcp, libp2p);
        return ExitCode.DONE.status();
    }

    private void bare(int port, Process peer, Figures figures) throws IOException {
        try (var socket =
                SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
            var chunk = ByteBuffer.allocateDirect(NetPeer.CHUNK);
            long bytes = bytes();
            var cpu = cpu(peer);
            long begun = scheduler.nanoTime();
            for (long sent = 0; sent < bytes; ) {
                sent += socket.write(chunk.clear());
            }
            socket.shutdownOutput();
            socket.read(chunk.clear().limit(1));
            throughput(figures, bytes, scheduler.nanoTime() - begun, cpu(peer).minus(cpu));
        }
    }

    private void measure(Way way, JsonNode addresses, Process peer, Figures figures)
            throws IOException, InterruptedException {
        var remote = PeerInfo.parse(addresses.path(way.name()).asString());
        try (var host = Libp2p.start(KeyPair.generate(), way.config().withListen())) {
            host.connect(remote);
            Libp2p.perf(host, remote.id(), bytes() / 8, 0);
            var cpu = cpu(peer);
            long begun = scheduler.nanoTime();
            Libp2p.perf(host, remote.id(), bytes(), 0);
            throughput(figures, bytes(), scheduler.nanoTime() - begun, cpu(peer).minus(cpu));
            roundTrips(host, remote, figures);
            streams(host, remote, figures);
            connections(host, remote, figures);
        }
    }

    private long bytes() {
        return (long) mebibytes << 20;
    }

    private static void throughput(Figures figures, long bytes, long nanos, Duration cpu) {
        figures.bytesPerSecond.add(bytes / (nanos / 1e9));
        figures.bytesPerCpuSecond.add(bytes / (cpu.toNanos() / 1e9));
    }

    private void roundTrips(Host host, PeerInfo remote, Figures figures)
            throws IOException, InterruptedException {
        var message = ByteString.copyFrom(new byte[NetPeer.ECHO_BYTES]);
        var times = new ArrayList<Double>();
        try (var stream = host.open(remote.id(), NetPeer.ECHO)) {
            for (int i = 0; i < 2 * ROUND_TRIPS; i++) {
                long sent = scheduler.nanoTime();
                stream.writeMessage(message);
                stream.readMessage(NetPeer.ECHO_BYTES);
                if (i >= ROUND_TRIPS) {
                    times.add((scheduler.nanoTime() - sent) / 1e3);
                }
            }
        }
        figures.roundTripMicros50.add(new Sample(times).quantile(0.5));
        figures.roundTripMicros99.add(new Sample(times).quantile(0.99));
    }

    /** Open, agree on the protocol, one echo, close. */
    private void streams(Host host, PeerInfo remote, Figures figures)
            throws IOException, InterruptedException {
        var message = ByteString.copyFrom(new byte[NetPeer.ECHO_BYTES]);
        long begun = 0;
        for (int i = 0; i < 2 * STREAMS; i++) {
            if (i == STREAMS) {
                begun = scheduler.nanoTime();
            }
            try (var stream = host.open(remote.id(), NetPeer.ECHO)) {
                stream.writeMessage(message);
                stream.readMessage(NetPeer.ECHO_BYTES);
            }
        }
        figures.streamsPerSecond.add(STREAMS / ((scheduler.nanoTime() - begun) / 1e9));
    }

    /** Connect, with everything a connection needs, and disconnect, one after another. */
    private void connections(Host host, PeerInfo remote, Figures figures)
            throws IOException, InterruptedException {
        long begun = 0;
        for (int i = 0; i < 2 * CONNECTIONS; i++) {
            if (i == CONNECTIONS) {
                begun = scheduler.nanoTime();
            }
            host.disconnect(remote.id());
            host.connect(remote);
        }
        figures.connectionsPerSecond.add(CONNECTIONS / ((scheduler.nanoTime() - begun) / 1e9));
    }

    private static Duration cpu(Process peer) {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .orElse(Duration.ZERO)
                .plus(peer.info().totalCpuDuration().orElse(Duration.ZERO));
    }

    private void report(Figures tcp, Map<Way, Figures> libp2p) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%n%-8s %8s %14s %9s %12s %12s %10s %13s",
                        "",
                        "MB/s",
                        "MB per CPU-s",
                        "of TCP",
                        "trip p50 us",
                        "trip p99 us",
                        "streams/s",
                        "connections/s"));
        var rows = new LinkedHashMap<String, Object>();
        rows.put("TCP", row("bare TCP", tcp, tcp));
        libp2p.forEach((way, figures) -> rows.put(way.name(), row(way.name(), figures, tcp)));
        output.tell(rows);
    }

    private Map<String, Object> row(String name, Figures figures, Figures tcp) {
        ToDoubleFunction<List<Double>> median =
                values -> values.isEmpty() ? Double.NaN : new Sample(values).median();
        var shares = new ArrayList<Double>();
        for (int round = 0; round < rounds; round++) {
            shares.add(figures.bytesPerSecond.get(round) / tcp.bytesPerSecond.get(round));
        }
        var row = new LinkedHashMap<String, Object>();
        row.put("megabytesPerSecond", median.applyAsDouble(figures.bytesPerSecond) / 1e6);
        row.put("megabytesPerCpuSecond", median.applyAsDouble(figures.bytesPerCpuSecond) / 1e6);
        row.put("shareOfTcp", median.applyAsDouble(shares));
        if (figures != tcp) {
            row.put("roundTripMicros50", median.applyAsDouble(figures.roundTripMicros50));
            row.put("roundTripMicros99", median.applyAsDouble(figures.roundTripMicros99));
            row.put("streamsPerSecond", median.applyAsDouble(figures.streamsPerSecond));
            row.put("connectionsPerSecond", median.applyAsDouble(figures.connectionsPerSecond));
        }
        var line = new StringBuilder(String.format(Locale.ROOT, "%-8s", name));
        var form =
                List.of(
                        " %,8.0f",
                        " %,14.0f", " %9.2f", " %12.0f", " %12.0f", " %,10.0f", " %,13.0f");
        var values = List.copyOf(row.values());
        for (int column = 0; column < values.size(); column++) {
            line.append(String.format(Locale.ROOT, form.get(column), values.get(column)));
        }
        output.say(line.toString());
        return row;
    }
}
