package tensorlink.compute.child;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import tensorlink.compute.torch.TorchEngine;

/** The process that computes one stage. Ends with its standard input, or its socket. */
final class ChildMain {
    private ChildMain() {}

    /** Serves the socket that {@code args} names. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Thread.ofPlatform().daemon().name("parent").start(ChildMain::endWithInput);
        OwnLimits.yieldToOthers();
        var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        socket.connect(UnixDomainSocketAddress.of(Path.of(args[0])));
        try (var wire = new Wire(socket);
                var engine = loaded(wire)) {
            wire.send(Reply.class, new Reply.Ready(engine.profile()));
            OwnLimits.limitFiles();
            new StageServer(wire, engine).run();
        }
    }

    private static TorchEngine loaded(Wire wire) throws IOException {
        try {
            return TorchEngine.open();
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
