package tensorlink.p2p.security;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.Socket;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;
import tensorlink.p2p.core.ProtocolViolation;
import tensorlink.p2p.peer.PublicKey;

/**
 * Judges the certificates of peers inside TLS handshakes, so that a bad one is answered by TLS's
 * own alert. It remembers nothing: whose certificate it was is read from each connection's session,
 * and a session is only ever resumed with the certificate that was judged when it began.
 */
public final class PeerTrust extends X509ExtendedTrustManager {
    private static final int CAUSES_MAX = 10;

    private final InstantSource clock;

    public PeerTrust(InstantSource clock) {
        this.clock = clock;
    }

    /** Whom the certificate of a finished handshake proved. */
    public static PublicKey identity(SSLSession session) throws ProtocolViolation {
        try {
            return only(session.getPeerCertificates()).identity();
        } catch (SSLPeerUnverifiedException none) {
            throw new ProtocolViolation("TLS without a certificate of the other side", none);
        } catch (CertificateException unreadable) {
            throw new ProtocolViolation("TLS certificate cannot be read", unreadable);
        }
    }

    /**
     * Why a handshake failed: our own verdict, when there is one among the causes, else what TLS
     * says.
     */
    static Throwable reason(Throwable failure) {
        Throwable cause = failure;
        Throwable said = failure;
        for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
            if (cause instanceof ProtocolViolation violation) {
                return violation;
            }
            if (cause instanceof IOException) {
                said = cause;
            }
            cause = cause.getCause();
        }
        return said;
    }

    private static PeerCertificate only(Certificate[] chain)
            throws ProtocolViolation, CertificateException {
        if (chain.length != 1) {
            throw new ProtocolViolation("TLS with " + chain.length + " certificates instead of 1");
        }
        return PeerCertificate.parse(ByteString.copyFrom(chain[0].getEncoded()));
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        try {
            only(chain).verify(clock.instant());
        } catch (ProtocolViolation violation) {
            throw new CertificateException(violation.getMessage(), violation);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
