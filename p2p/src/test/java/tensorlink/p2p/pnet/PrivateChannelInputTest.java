package tensorlink.p2p.pnet;

import com.google.protobuf.ByteString;
import java.security.SecureRandom;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Wire;
import tensorlink.p2p.negotiate.NegotiationHandler;
import tensorlink.p2p.peer.PreSharedKey;

/** The first bytes of a connection in a private network whose key is zeros. */
class PrivateChannelInputTest extends BadInput {
    PrivateChannelInputTest() {
        super("pnet");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var agreed = new StringBuilder("agreed on ");
        var key = new PreSharedKey(ByteString.copyFrom(new byte[32]));
        var negotiation =
                NegotiationHandler.answer(
                        List.of("/noise"), (_, protocol) -> agreed.append(protocol));
        try (var wire = new Wire(new PrivateChannel(key, new SecureRandom()), negotiation)) {
            wire.channel().pipeline().fireChannelActive();
            wire.receive(pieces);
            boolean isDone = wire.channel().pipeline().context(negotiation) == null;
            return wire.outcome(isDone ? agreed.toString() : "waits");
        }
    }
}
