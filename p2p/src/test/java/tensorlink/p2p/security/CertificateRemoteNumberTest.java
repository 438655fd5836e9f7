package tensorlink.p2p.security;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import tensorlink.p2p.RemoteNumberTest;

/** Lengths of DER, in every form. */
class CertificateRemoteNumberTest extends RemoteNumberTest {
    @Override
    protected String outcome(byte[] message) {
        return new CertificateInputTest().outcome(List.of(message));
    }

    @Override
    protected Map<String, LongFunction<byte[]>> numbers() {
        return Map.of(
                "length", it -> join("30", bigEndian(it, 1), "3000"),
                "length in 1 byte", it -> join("3081", bigEndian(it, 1), "3000"),
                "length in 3 bytes", it -> join("3083", bigEndian(it, 3), "3000"),
                "length in 4 bytes", it -> join("3084", bigEndian(it, 4), "3000"),
                "length in 8 bytes", it -> join("3088", bigEndian(it, 8), "3000"),
                "inner length", it -> join("3082010030", bigEndian(it, 1), new byte[254]),
                "inner length in 3 bytes",
                        it -> join("308201003083", bigEndian(it, 3), new byte[250]));
    }
}
