package tensorlink.p2p.interop;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.autonat.AutoNatLimits;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/**
 * A host of ours and one of js at public addresses, in a process of its own whose network has no
 * way out; each asks the other whether it can be reached. The argument is the version of AutoNAT
 * that js has.
 */
final class PublicStage {
    static final String OURS = "1.2.3.4";
    static final String THEIRS = "5.6.7.8";

    private PublicStage() {}

    public static void main(String[] arguments) throws Exception {
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var limits =
                AutoNatLimits.defaults()
                        .withAgreeing(1)
                        .withPauses(
                                Duration.ofMillis(100),
                                Duration.ofMinutes(1),
                                Duration.ofSeconds(1));
        var js =
                JsPeer.start(
                        "relay.mjs",
                        "{\"listen\":[\"/ip4/%s/tcp/0\"],\"nat\":%s}"
                                .formatted(THEIRS, arguments[0]));
        // From the port that is listened at, and so from the address that the first version wants.
        var config =
                HostConfig.defaults()
                        .withEventLoops(1)
                        .withListen(Multiaddr.parse("/ip4/" + OURS + "/tcp/0"))
                        .withHolePunching()
                        .withAutoNat(limits);
        try (var host = Libp2p.start(KeyPair.generate(), config)) {
            host.connect(js.info());
            Eventually.until(
                    "js tells us that we can be reached",
                    () -> host.control().reachability() == Reachability.PUBLIC);
            out.println("ours " + host.control().reachability());
            var verified = "false";
            for (int i = 0; i < 100 && verified.equals("false"); i++) {
                verified = js.ask("verified", "/ip4/" + THEIRS);
                LockSupport.parkNanos(100_000_000);
            }
            out.println("theirs " + verified);
        } finally {
            js.stop();
        }
    }
}
