package tensorlink.p2p.perf;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.Pieces;
import tensorlink.p2p.RemoteNumberTest;
import tensorlink.p2p.core.ManualScheduler;

class PerfRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) {
        try {
            new Perf(new ManualScheduler()).serve(new Pieces(Perf.PROTOCOL, List.of(message)));
            return "served";
        } catch (IOException refused) {
            return refused.toString();
        } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of("answer size", it -> bigEndian(it, 8));
    }
}
