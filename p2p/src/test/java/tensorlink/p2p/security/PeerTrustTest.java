package tensorlink.p2p.security;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.KeyPair;

class PeerTrustTest {
    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");
    private static final String TYPE = "UNKNOWN";

    private final AtomicReference<Instant> clock = new AtomicReference<>(NOW);
    private final PeerTrust trust = new PeerTrust(clock::get);

    private static X509Certificate[] chain() {
        return new X509Certificate[] {OwnCertificate.of(KeyPair.generate(), NOW).certificate()};
    }

    @Test
    void a_certificate_that_was_good_is_good_again() {
        var chain = chain();

        for (int i = 0; i < 3; i++) {
            assertThatCode(() -> trust.checkServerTrusted(chain, TYPE)).doesNotThrowAnyException();
        }
    }

    @Test
    void a_certificate_that_was_good_is_refused_when_its_time_is_over() throws Exception {
        var chain = chain();
        trust.checkServerTrusted(chain, TYPE);

        clock.set(chain[0].getNotAfter().toInstant().plus(Duration.ofSeconds(1)));

        assertThatThrownBy(() -> trust.checkServerTrusted(chain, TYPE))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("is valid from");
    }

    @Test
    void a_certificate_that_is_nearly_one_that_was_good_is_judged_by_itself() throws Exception {
        var good = chain();
        trust.checkServerTrusted(good, TYPE);
        var bytes = good[0].getEncoded();
        bytes[bytes.length - 1] ^= 1;
        var changed =
                (X509Certificate)
                        CertificateFactory.getInstance("X.509")
                                .generateCertificate(new ByteArrayInputStream(bytes));

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(
                            () -> trust.checkServerTrusted(new X509Certificate[] {changed}, TYPE))
                    .isInstanceOf(CertificateException.class)
                    .hasMessageContaining("is not signed by its own key");
        }
    }
}
