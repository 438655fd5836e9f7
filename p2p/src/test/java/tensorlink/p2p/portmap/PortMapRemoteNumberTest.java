package tensorlink.p2p.portmap;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

class PortMapRemoteNumberTest extends RemoteNumberTest {
    private static final String NONCE = "01".repeat(12);

    @Override
    protected String outcome(byte[] message) {
        return new PcpInputTest().outcome(List.of(message))
                + "; "
                + new NatPmpInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "version and kind", it -> join(bigEndian(it, 2), new byte[58]),
                "result of NAT-PMP", it -> join("0081", bigEndian(it, 2), new byte[12]),
                "ports of NAT-PMP",
                        it -> join("00810000", "00000000", bigEndian(it, 4), "00000e10"),
                "lifetime of NAT-PMP", it -> join("0082000000000000", "0fa10fa1", bigEndian(it, 4)),
                "result of PCP", it -> join("028100", bigEndian(it, 1), new byte[56]),
                "lifetime of PCP",
                        it -> join("02810000", bigEndian(it, 4), new byte[16], NONCE, new byte[24]),
                "ports of PCP",
                        it ->
                                join(
                                        "02810000",
                                        "00000e10",
                                        new byte[16],
                                        NONCE,
                                        "06000000",
                                        bigEndian(it, 4),
                                        new byte[16]));
    }
}
