package tensorlink.p2p.shape;

import tensorlink.p2p.HostConfig;
import tensorlink.p2p.NonReaderTest;
import tensorlink.p2p.RawPeer;
import tensorlink.p2p.Steps;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.multiaddr.Multiaddr;

/** Pings of WebSocket itself, which Netty answers, before anything is proven. */
class WebSocketNonReaderTest extends NonReaderTest {
    @Override
    protected HostConfig victim() {
        return super.victim()
                .withListen(
                        Multiaddr.parse("/ip4/127.0.0.1/tcp/0/ws"),
                        Multiaddr.parse("/ip4/127.0.0.1/tcp/0"));
    }

    @Override
    protected RawPeer connect(Host victim) throws InterruptedException {
        var peer = RawPeer.raw(victim);
        peer.send(Steps.UPGRADE);
        return peer;
    }

    @Override
    protected String questions(int round) {
        return ("89fd" + "01020304" + "ab".repeat(125)).repeat(500);
    }
}
