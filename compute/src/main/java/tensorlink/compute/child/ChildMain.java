package tensorlink.compute.child;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import tensorlink.compute.Device;
import tensorlink.compute.torch.TorchEngine;

/** The process that computes one stage. Ends with its standard input, or its socket. */
final class ChildMain {
    private ChildMain() {}

    /** Serves the socket that is named first, on the device that is named second. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Thread.ofPlatform().daemon().name("parent").start(ChildMain::endWithInput);
        OwnLimits.yieldToOthers();
        var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        socket.connect(UnixDomainSocketAddress.of(Path.of(args[0])));
        var device = Device.parse(args[1]);
        try (var wire = new Wire(socket);
                var engine = loaded(wire, device)) {
            wire.send(Reply.class, new Reply.Ready(engine.profile()));
            OwnLimits.limitFiles();
            new StageServer(wire, engine, device).run();
        }
    }

    private static TorchEngine loaded(Wire wire, Device device) throws IOException {
        try {
            return TorchEngine.open(device);
        } catch (IOException | RuntimeException | LinkageError failed) {
            var message = String.valueOf(failed.getMessage());
            wire.send(Reply.class, new Reply.Failed(Reply.Kind.COMPUTE, "", message));
            throw failed;
        }
    }

    /** The other process never writes: when reading ends, it has. */
    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Not for us.
            }
        } catch (IOException broken) {
            // As good as the end.
        }
        Runtime.getRuntime().halt(0);
    }
}
