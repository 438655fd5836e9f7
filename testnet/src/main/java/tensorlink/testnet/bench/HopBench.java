package tensorlink.testnet.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.SplittableRandom;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;
import tensorlink.jobs.message.FrameStream;
import tensorlink.jobs.message.TensorFrame;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.ProtocolId;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.testnet.bench.figures.Sample;

/**
 * What a hop costs: half the time of a tensor's way to another host of this process and back, over
 * loopback, encrypted and multiplexed; and the same of bare TCP.
 *
 * @param p50 microseconds of the median hop
 * @param p99 microseconds of the slowest but one in a hundred
 * @param tcp50 microseconds of the median hop over bare TCP
 */
record HopBench(double p50, double p99, double tcp50) {
    private static final int BYTES = 16 << 10;
    private static final int WARM_UP = 3_000;
    private static final int COUNTED = 5_000;
    private static final ProtocolId ECHO = ProtocolId.of("/tensorlink/bench/echo/1.0.0");

    static HopBench measure(Scheduler scheduler) throws IOException, InterruptedException {
        var tcp = tcp(scheduler);
        var hops = tensors(scheduler);
        return new HopBench(hops.quantile(0.5), hops.quantile(0.99), tcp.quantile(0.5));
    }

    private static Sample tensors(Scheduler scheduler) throws IOException, InterruptedException {
        var loopback = Multiaddr.parse("/ip4/127.0.0.1/tcp/0");
        try (var server =
                        Libp2p.start(
                                KeyPair.generate(), HostConfig.defaults().withListen(loopback));
                var client = Libp2p.start(KeyPair.generate(), HostConfig.defaults().withListen())) {
            server.handle(
                    ECHO,
                    stream -> {
                        var frames = new FrameStream(stream, BYTES);
                        while (true) {
                            frames.send(frames.receive());
                        }
                    });
            client.connect(server.info());
            var frames = new FrameStream(client.open(server.id(), ECHO), BYTES);
            var hops = new ArrayList<Double>();
            for (int i = 0; i < WARM_UP + COUNTED; i++) {
                var tensor = Tensor.allocate(DType.F32, Shape.of(BYTES / Float.BYTES));
                long sent = scheduler.nanoTime();
                frames.send(new TensorFrame.Gradient(i, 0, tensor));
                frames.receive().close();
                if (i >= WARM_UP) {
                    hops.add((scheduler.nanoTime() - sent) / 2e3);
                }
            }
            frames.reset();
            return new Sample(hops);
        }
    }

    private static Sample tcp(Scheduler scheduler) throws IOException, InterruptedException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var echo = scheduler.fork("echo", () -> echo(server));
            var hops = new ArrayList<Double>();
            try (var socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
                socket.setTcpNoDelay(true);
                var bytes = new byte[BYTES];
                new SplittableRandom(1).nextBytes(bytes);
                for (int i = 0; i < WARM_UP + COUNTED; i++) {
                    long sent = scheduler.nanoTime();
                    socket.getOutputStream().write(bytes);
                    socket.getInputStream().readNBytes(bytes, 0, BYTES);
                    if (i >= WARM_UP) {
                        hops.add((scheduler.nanoTime() - sent) / 2e3);
                    }
                }
            }
            echo.join();
            return new Sample(hops);
        }
    }

    private static void echo(ServerSocket server) {
        try (var socket = server.accept()) {
            socket.setTcpNoDelay(true);
            var bytes = new byte[BYTES];
            while (socket.getInputStream().readNBytes(bytes, 0, BYTES) == BYTES) {
                socket.getOutputStream().write(bytes);
            }
        } catch (IOException ended) {
            // The measurement is over.
        }
    }
}
