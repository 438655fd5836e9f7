package tensorlink.p2p.identify;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tensorlink.p2p.AmplificationTest;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.core.Limits;
import tensorlink.p2p.core.ManualScheduler;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.multiaddr.AddressRange;
import tensorlink.p2p.peer.KeyPair;

class IdentifyAmplificationTest extends AmplificationTest {
    @Override
    protected String outcome(byte[] frame) throws IOException {
        var limits = Limits.defaults().identify();
        var peer = KeyPair.generate().peerId();
        try {
            var stream = new Pieces(Identify.PUSH, List.of(frame));
            var messages = Identify.readAll(stream, limits, new ManualScheduler());
            return new Claims(peer, AddressRange.PRIVATE, Optional.empty(), limits)
                    .judge(messages)
                    .toString();
        } catch (ProtocolViolation refused) {
            return refused.toString();
        } catch (InterruptedException impossible) {
            throw new IOException(impossible);
        }
    }

    @Override
    protected Map<String, byte[]> frames() {
        return Map.of(
                "4,000 empty protocols", prefixed(times(4000, "1a00")),
                "2,700 protocols of a character", prefixed(times(2700, "1a0161")),
                "4,000 empty addresses", prefixed(times(4000, "1200")),
                "800 addresses", prefixed(times(800, "12080401020304060fa1")),
                "100 relayed addresses",
                        prefixed(times(100, "12460401020304060fa1" + "a202".repeat(31))),
                "4,000 unknown fields", prefixed(times(4000, "7800")),
                "2,700 unknown groups", prefixed(times(2700, "7b7c")),
                "10 messages of 400 protocols", times(10, "a006" + "1a00".repeat(400)));
    }
}
