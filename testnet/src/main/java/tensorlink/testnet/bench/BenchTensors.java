package tensorlink.testnet.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.node.cli.ExitCode;
import tensorlink.node.cli.Output;
import tensorlink.node.cli.UsageException;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.core.Stream;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.testnet.bench.figures.Sample;

/**
 * Frames of large tensors over a stream to another host of this process, against as many bytes over
 * the bare stream, in turns; and what a hop of a small tensor costs.
 */
@Command(
        name = "tensors",
        description = "Tensor frames over a stream against the bare stream, in turns.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink bench tensors --rounds 20")
final class BenchTensors implements Callable<Integer> {
    private static final int BYTES = 16 << 20;
    private static final int WARM_UP = 3;
    private static final double SHARE_ASKED = 0.7;
    private static final double HOP_MICROS_ASKED = 150;
    private static final ProtocolId BARE = ProtocolId.of("/tensorlink/bench/bare/1.0.0");
    private static final ProtocolId FRAMES = ProtocolId.of("/tensorlink/bench/frames/1.0.0");

    @Mixin private Output output = new Output();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "20",
            description = "in each of which both have their turn")
    private int rounds;

    @Option(
            names = "--frames",
            paramLabel = "N",
            defaultValue = "16",
            description = "tensors of 16 MiB in a turn")
    private int frames;

    private final Scheduler scheduler = Scheduler.system();

    @Override
    public Integer call() throws IOException, InterruptedException {
        UsageException.requireRange("--rounds", rounds, 1, 10_000);
        UsageException.requireRange("--frames", frames, 1, 10_000);
        var result = new LinkedHashMap<String, Object>();
        streams(result);
        hops(result);
        output.tell(result);
        return ExitCode.DONE.status();
    }

    private void streams(Map<String, Object> result) throws IOException, InterruptedException {
        var loopback = Multiaddr.parse("/ip4/127.0.0.1/tcp/0");
        try (var server =
                        Libp2p.start(
                                KeyPair.generate(), HostConfig.defaults().withListen(loopback));
                var client = Libp2p.start(KeyPair.generate(), HostConfig.defaults().withListen());
                var arena = Arena.ofShared()) {
            server.handle(BARE, this::takeBytes);
            server.handle(FRAMES, this::takeFrames);
            client.connect(server.info());
            var bytes = arena.allocate(BYTES);
            var bare = new ArrayList<Double>();
            var framed = new ArrayList<Double>();
            var overhead = new ArrayList<Double>();
            try (var plain = client.open(server.id(), BARE);
                    var tensors = client.open(server.id(), FRAMES)) {
                for (int round = 0; round < WARM_UP + rounds; round++) {
                    double ofBare = megabytesPerSecond(() -> sendBytes(plain, bytes));
                    long before = sent(client);
                    double ofFrames = megabytesPerSecond(() -> sendFrames(tensors));
                    if (round >= WARM_UP) {
                        bare.add(ofBare);
                        framed.add(ofFrames);
                        overhead.add((sent(client) - before) / ((double) BYTES * frames) - 1);
                    }
                }
            }
            report(new Sample(bare), new Sample(framed), new Sample(overhead), result);
        }
    }

    private void report(Sample bare, Sample framed, Sample overhead, Map<String, Object> result) {
        var share = framed.over(bare);
        line("bare stream, MB/s", bare);
        line("tensor frames, MB/s", framed);
        output.say(
                String.format(
                        Locale.ROOT,
                        "frames of 16 MiB, of the bare stream: %.2f [quarters %.2f-%.2f], asked >="
                                + " %.2f: %s",
                        share.median(),
                        share.quantile(0.25),
                        share.quantile(0.75),
                        SHARE_ASKED,
                        share.median() >= SHARE_ASKED ? "met" : "missed"));
        output.say(
                String.format(
                        Locale.ROOT,
                        "bytes on the wire besides the values: %.3f %%, asked < 1 %%: %s",
                        100 * overhead.max(),
                        overhead.max() < 0.01 ? "met" : "missed"));
        result.put("bareMegabytesPerSecond", bare.values());
        result.put("framesMegabytesPerSecond", framed.values());
        result.put("share", share.median());
        result.put("overhead", overhead.max());
    }

    private void line(String name, Sample sample) {
        output.say(
                String.format(
                        Locale.ROOT,
                        "%-20s %,8.0f  [%,.0f-%,.0f]",
                        name,
                        sample.median(),
                        sample.min(),
                        sample.max()));
    }

    private void hops(Map<String, Object> result) throws IOException, InterruptedException {
        var hop = HopBench.measure(scheduler);
        output.say(
                String.format(
                        Locale.ROOT,
                        "hop of a 16 KiB tensor: p50 %.0f us, p99 %.0f us (bare TCP: p50 %.0f us),"
                                + " asked <= %.0f: %s",
                        hop.p50(),
                        hop.p99(),
                        hop.tcp50(),
                        HOP_MICROS_ASKED,
                        hop.p50() <= HOP_MICROS_ASKED ? "met" : "missed"));
        result.put("hopMicros50", hop.p50());
        result.put("hopMicros99", hop.p99());
        result.put("tcpHopMicros50", hop.tcp50());
    }

    /** Something that ends when the other side has taken all of it. */
    private interface Turn {
        void run() throws IOException, InterruptedException;
    }

    private double megabytesPerSecond(Turn turn) throws IOException, InterruptedException {
        long begun = scheduler.nanoTime();
        turn.run();
        return (double) BYTES * frames / 1e6 / ((scheduler.nanoTime() - begun) / 1e9);
    }

    private static long sent(Host host) {
        return host.control().wire().sent();
    }

    private void sendBytes(Stream stream, MemorySegment bytes)
            throws IOException, InterruptedException {
        for (int i = 0; i < frames; i++) {
            stream.write(bytes);
        }
        awaitTaken(stream);
    }

    private void sendFrames(Stream stream) throws IOException, InterruptedException {
        var sending = new FrameStream(stream, BYTES);
        for (int i = 0; i < frames; i++) {
            sending.send(
                    new TensorFrame.Gradient(
                            i, 0, Tensor.allocate(DType.F32, Shape.of(BYTES / Float.BYTES))));
        }
        awaitTaken(stream);
    }

    private static void awaitTaken(Stream stream) throws IOException, InterruptedException {
        stream.readFully(MemorySegment.ofArray(new byte[1]));
    }

    private void takeBytes(Stream stream) throws IOException, InterruptedException {
        try (var arena = Arena.ofConfined()) {
            var bytes = arena.allocate(BYTES);
            while (true) {
                for (int i = 0; i < frames; i++) {
                    stream.readFully(bytes);
                }
                stream.write(MemorySegment.ofArray(new byte[1]));
            }
        }
    }

    private void takeFrames(Stream stream) throws IOException, InterruptedException {
        var receiving = new FrameStream(stream, BYTES);
        while (true) {
            for (int i = 0; i < frames; i++) {
                receiving.receive().close();
            }
            stream.write(MemorySegment.ofArray(new byte[1]));
        }
    }
}
