package tensorlink.p2p.security;

import java.time.Instant;
import java.util.List;
import tensorlink.p2p.BadInput;
import tensorlink.p2p.core.ProtocolViolation;

class CertificateInputTest extends BadInput {
    CertificateInputTest() {
        super("certificate");
    }

    @Override
    protected String outcome(List<byte[]> pieces) {
        var der = joined(pieces);
        try {
            var certificate = PeerCertificate.parse(der);
            certificate.verify(Instant.parse("2026-01-01T00:00:00Z"));
            return "proves " + certificate.identity().peerId();
        } catch (ProtocolViolation violation) {
            return refusal(violation);
        }
    }
}
