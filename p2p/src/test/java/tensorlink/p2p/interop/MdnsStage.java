package tensorlink.p2p.interop;

import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.Stage;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.mdns.Mdns;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;

/** A host that looks for others by multicast DNS and says whom it finds: ours, or one of js. */
final class MdnsStage {
    private MdnsStage() {}

    public static void main(String[] arguments) throws Exception {
        var address = arguments[1];
        switch (arguments[0]) {
            case "ours" -> ours(Multiaddr.parse(address));
            case "js" -> js(address);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void ours(Multiaddr address) throws Exception {
        var config = HostConfig.defaults().withListen(address).withEventLoops(1);
        var news = new LinkedBlockingQueue<Boolean>();
        try (var host = Libp2p.start(KeyPair.generate(), config);
                var mdns =
                        Mdns.start(
                                host, Optional.empty(), Scheduler.system(), () -> news.add(true))) {
            Stage.say("is " + host.info().fullAddresses());
            var _ = news.take();
            Stage.say("found " + mdns.peers().getFirst().fullAddresses());
            var _ = System.in.read();
        }
    }

    private static void js(String address) throws Exception {
        var js =
                JsPeer.start("relay.mjs", "{\"listen\":[\"%s\"],\"near\":true}".formatted(address));
        try {
            Stage.say("is " + js.info().fullAddresses());
            var found = js.event("found");
            Stage.say("found " + found.get("peer") + " at " + found.get("addresses"));
            var _ = System.in.read();
        } finally {
            js.stop();
        }
    }
}
