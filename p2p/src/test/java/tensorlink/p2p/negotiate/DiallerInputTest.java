package tensorlink.p2p.negotiate;

import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.Wire;

/** The side of multistream-select that proposes. */
class DiallerInputTest extends BadInput {
    DiallerInputTest() {
        super("multistream-dialler");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var agreed = new StringBuilder("agreed on ");
        var handler =
                NegotiationHandler.propose(
                        List.of("/noise", "/b/1"), (_, protocol) -> agreed.append(protocol));
        try (var wire = new Wire(handler)) {
            wire.receive(pieces);
            boolean isDone = wire.channel().pipeline().context(handler) == null;
            return wire.outcome(isDone ? agreed.toString() : "waits");
        }
    }
}
