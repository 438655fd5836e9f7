package tensorlink.p2p.interop;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.locks.LockSupport;
import tensorlink.p2p.Eventually;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.Stage;
import tensorlink.p2p.autonat.AutoNatLimits;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Reachability;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/**
 * Hosts of ours and one of js at public addresses, in a process of its own whose network has no way
 * out. The argument is the version of AutoNAT that js has. By the second, each asks the other
 * whether it can be reached; by the first, js asks four of ours, which is how many it wants to
 * hear.
 */
final class PublicStage {
    static final String OURS = "1.2.3.4";
    static final String THEIRS = "5.6.7.8";

    private static final int JS_WANTS = 4;
    private static final Duration SOON = Duration.ofMillis(100);
    private static final Duration NOT_HERE = Duration.ofMinutes(10);

    private PublicStage() {}

    public static void main(String[] arguments) throws Exception {
        var js =
                JsPeer.start(
                        "relay.mjs",
                        "{\"listen\":[\"/ip4/%s/tcp/0\"],\"nat\":%s}"
                                .formatted(THEIRS, arguments[0]));
        try {
            switch (arguments[0]) {
                case "1" -> jsAsks(js);
                case "2" -> bothAsk(js);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        } finally {
            js.stop();
        }
    }

    private static Host host(String address, Duration asks) throws Exception {
        var limits =
                AutoNatLimits.defaults()
                        .withAgreeing(1)
                        .withPauses(asks, NOT_HERE, Duration.ofSeconds(1));
        return Libp2p.start(
                KeyPair.generate(),
                HostConfig.defaults()
                        .withEventLoops(1)
                        .withListen(Multiaddr.parse("/ip4/" + address + "/tcp/0"))
                        .withAutoNat(limits));
    }

    private static void jsAsks(JsPeer js) throws Exception {
        var hosts = new ArrayList<Host>();
        try {
            for (int network = 1; network <= JS_WANTS; network++) {
                var host = host(network + OURS.substring(1), NOT_HERE);
                hosts.add(host);
                host.connect(js.info());
            }
            Stage.say("theirs " + isVerified(js));
        } finally {
            hosts.forEach(Host::close);
        }
    }

    private static void bothAsk(JsPeer js) throws Exception {
        try (var host = host(OURS, SOON)) {
            host.connect(js.info());
            Eventually.until(
                    "js tells us that we can be reached",
                    () -> host.control().reachability() == Reachability.PUBLIC);
            Stage.say("ours " + host.control().reachability());
            Stage.say("theirs " + isVerified(js));
        }
    }

    private static String isVerified(JsPeer js) throws IOException, InterruptedException {
        var verified = "false";
        for (int i = 0; i < 200 && verified.equals("false"); i++) {
            verified = js.ask("verified", "/ip4/" + THEIRS);
            LockSupport.parkNanos(SOON.toNanos());
        }
        return verified;
    }
}
