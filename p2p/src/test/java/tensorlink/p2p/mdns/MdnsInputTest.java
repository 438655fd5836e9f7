package tensorlink.p2p.mdns;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** A packet from anybody on the local network; the network does not cut it. */
class MdnsInputTest extends BadInput {
    private final PeerInfo self =
            new PeerInfo(
                    KeyPair.ofSeed(ByteString.copyFromUtf8("2".repeat(32))).peerId(),
                    List.of(Multiaddr.parse("/ip4/10.0.0.1/tcp/4001")));
    private final Discovery discovery =
            new Discovery(Optional.empty(), MdnsInputTest::isNear, new SplittableRandom(1));

    MdnsInputTest() {
        super("mdns");
    }

    private static boolean isNear(InetAddress address) {
        return address.getAddress()[0] == 10;
    }

    @Override
    protected String outcome(List<byte[]> pieces) throws IOException {
        var packet = ByteString.EMPTY;
        for (var piece : pieces) {
            packet = packet.concat(ByteString.copyFrom(piece));
        }
        try {
            var message = DnsMessage.decode(packet);
            var heard = new StringBuilder("hears");
            for (var peer : discovery.heard(message)) {
                heard.append(' ').append(peer.id().shortText());
                heard.append(peer.addresses().size() > 3 ? " at many" : " at " + peer.addresses());
            }
            int answered = discovery.answer(message, self).map(it -> it.records().size()).orElse(0);
            return heard + ", answers " + answered;
        } catch (ProtocolViolation refused) {
            return refusal(refused);
        }
    }
}
