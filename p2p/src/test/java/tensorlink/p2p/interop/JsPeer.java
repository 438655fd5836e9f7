package tensorlink.p2p.interop;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import tensorlink.p2p.JsProcess;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.PeerInfo;

/** A js-libp2p node in a process of its own; see {@code src/test/interop/peer.mjs}. */
final class JsPeer {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final JsProcess process;
    private final PeerInfo info;

    private JsPeer(JsProcess process) throws InterruptedException {
        this.process = process;
        info = PeerInfo.parse(process.event("ready").getOrDefault("addresses", ""));
    }

    /** Starts a node that pings its connections so often. */
    static JsPeer start(Duration pingInterval) throws IOException, InterruptedException {
        return start("{\"pingInterval\":" + pingInterval.toMillis() + "}");
    }

    /** Starts a node with these options, in JSON; {@code peer.mjs} says which there are. */
    static JsPeer start(String options) throws IOException, InterruptedException {
        return start("peer.mjs", options);
    }

    /** Starts another script that speaks the same way. */
    static JsPeer start(String script, String options) throws IOException, InterruptedException {
        return new JsPeer(JsProcess.start(PATIENCE, script, options));
    }

    PeerInfo info() {
        return info;
    }

    /** Waits for the next event of that name. */
    Map<String, String> event(String name) throws InterruptedException {
        return process.event(name);
    }

    /** Has a command carried out and returns its result. */
    String ask(String command, Object... arguments) throws IOException, InterruptedException {
        return process.ask(command, arguments);
    }

    /** The whole address of a host, as js wants it. */
    static Multiaddr full(PeerInfo info) {
        return info.fullAddresses().getFirst();
    }

    void stop() throws IOException, InterruptedException {
        process.stop();
    }
}
